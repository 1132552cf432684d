// Prints the configuration of every program as Markdown, from the convict schemas, into README.md between its two marks.
// `npm run docs` writes it; `npm run docs -- --check` fails when README.md is not up to date.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { baseSchema } from '../services/chassis/config.ts'
import { devSchema } from '../services/dev-env/config.ts'
import { SERVICES } from '../services/dev-env/services.ts'

type Setting = { doc: string; default: unknown; env: string; sensitive?: boolean }

const README = join(import.meta.dirname, '../README.md')
const [BEGIN, END] = ['<!-- configuration: begin -->', '<!-- configuration: end -->']

const common = settingsOf(baseSchema('<service>', 0))
const commonNames = new Set(common.map(({ env }) => env))

const text = [
  table('`npm start`', settingsOf(devSchema)),
  table('Every service', common),
  ...SERVICES.map(({ name, definition }) => ({
    name,
    own: settingsOf(definition.config).filter(({ env }) => !commonNames.has(env)),
  }))
    .filter(({ own }) => own.length > 0)
    .map(({ name, own }) => table(`The ${name} service besides`, own)),
].join('\n')

const before = readFileSync(README, 'utf8')
const after = before.replace(new RegExp(`${BEGIN}[^]*${END}`), `${BEGIN}\n\n${text}\n${END}`)
if (!after.includes(text)) throw new Error(`README.md lacks the lines ${BEGIN} and ${END}`)
if (process.argv[2] !== '--check') writeFileSync(README, after)
else if (before !== after) throw new Error('README.md does not show the present configuration: run `npm run docs`')

function settingsOf(schema: object): Setting[] {
  return Object.values(schema).flatMap((node: object) => ('env' in node ? [node as Setting] : settingsOf(node)))
}

function table(title: string, settings: Setting[]): string {
  const rows = settings.map(({ env, default: value, doc, sensitive }) => {
    const shown = value === '' || value === 0 ? '' : `\`${Array.isArray(value) ? value.join(',') : String(value)}\``
    return `| \`${env}\` | ${shown} | ${doc}${sensitive ? ' Secret.' : ''} |`
  })
  return `**${title}**\n\n| variable | default | meaning |\n|---|---|---|\n${rows.join('\n')}\n`
}
