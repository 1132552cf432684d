import { join } from 'node:path'
import { baseSchema } from '../../services/chassis/config.ts'
import { databasesSchema } from '../../services/deploy/config.ts'
import { recountSchema } from '../../services/deploy/recount/config.ts'
import { devSchema } from '../../services/dev-env/config.ts'
import { gatewaySchema } from '../../services/gateway/config.ts'
import { SERVICES } from '../../services/services.ts'

type Setting = { doc: string; default: unknown; env: string; sensitive?: boolean }

const ROOT = join(import.meta.dirname, '../..')

const services = SERVICES.map(({ name, definition }) => ({ name, settings: settingsOf(definition.config) }))
const common = settingsOf(baseSchema(0))
const commonNames = new Set(common.map(({ env }) => env))

const tables = [
  table('`npm start`', settingsOf(devSchema), shown),
  table('Every service', common, shownForAll),
  ...services
    .map(({ name, settings }) => ({ name, own: settings.filter(({ env }) => !commonNames.has(env)) }))
    .flatMap(({ name, own }) => (own.length > 0 ? [table(`The ${name} service in addition`, own, shown)] : [])),
  table('The gateway (`services/gateway/main.ts`)', settingsOf(gatewaySchema(SERVICES)), shown),
  table('The deploy step on Kubernetes (`services/deploy/main.ts`)', settingsOf(databasesSchema), shown),
  table('`services/deploy/main.ts recount`', settingsOf(recountSchema(SERVICES)), shown),
]

/** The configuration of every program, from the convict schemas: a table for each. */
export const configurationPage = () =>
  [
    '# Configuration',
    'Every program reads its environment once, when it starts, and reports all errors in it together.',
    ...tables,
  ].join('\n\n')

function settingsOf(schema: object): Setting[] {
  return Object.values(schema).flatMap((node: object) => ('env' in node ? [node as Setting] : settingsOf(node)))
}

function table(title: string, settings: Setting[], show: (setting: Setting) => string): string {
  const rows = settings.map((setting) => {
    const { env, doc, sensitive } = setting
    return `| \`${env}\` | ${show(setting)} | ${doc}${sensitive ? ' Secret.' : ''} |`
  })
  return `**${title}**\n\n| variable | default | meaning |\n|---|---|---|\n${rows.join('\n')}\n`
}

function shown({ default: value }: Setting): string {
  // A path is that of this clone.
  const text = (Array.isArray(value) ? value.join(',') : String(value)).replace(`${ROOT}/`, '')
  return text === '' ? '' : `\`${text}\``
}

/** A default that differs from service to service is shown for each. */
function shownForAll({ env }: Setting): string {
  const defaults = services.map(({ name, settings }) => ({
    name,
    text: shown(settings.find((one) => one.env === env)!),
  }))
  if (defaults.every(({ text }) => text === defaults[0]!.text)) return defaults[0]!.text
  return defaults.map(({ name, text }) => `${name} ${text}`).join(', ')
}
