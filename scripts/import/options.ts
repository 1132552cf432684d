import { existsSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs, parseEnv } from 'node:util'
import { placesOf } from '../../services/dev-env/infra/places.ts'

/** What to import, and whereto. */
export type ImportOptions = {
  file: string
  /** It is what ExportPrompts sent, and no CSV. */
  isExport: boolean
  bytes: number
  url: string
  state: string
  /** Goes on behind a row that is broken. */
  skipBroken: boolean
  /** Gives a prompt whose content differs from the file's a new version. */
  update: boolean
}

const DEFAULT_URL = 'http://localhost:8080'

/** How it is used. */
export const USAGE = `npm run import -- [--url URL] [--state FILE] [--update] [--skip-broken] FILE.csv | FILE.ndjson

Loads a prompt collection, or an export, into a running PromptForge through its public REST API. Run again, or after it was ended in the
middle, it adds nothing twice: a row is known by its contributor and its act, an exported prompt by its owner and versions.

FILE.csv names its columns in the first line: act (becomes the title), prompt (the content), type (a tag) and contributor; others,
such as for_devs, are not used. It is UTF-8, and a quoted field may have several lines.

FILE.ndjson is an export (GET /v1/prompts:export), complete to its last line. Its prompts are added with all their versions; when they
were written is now. A prompt that has these versions already, and perhaps later ones, is left as it is.

Each contributor becomes a user, whose name is what stands before an @ and four characters of a hash; nothing else of the
contributor is stored or shown. So does the owner of an export. A title that the contributor has already is left as it is; where the file has another prompt
for it, its line is reported as different.

  --url URL     the gateway; default: PF_GATEWAY_URL of .promptforge/connections.env, else ${DEFAULT_URL}
  --state FILE  holds the secret that opens the users' accounts again, and is made when it is absent; default:
                .promptforge/import.json. Keep it, and use one for each PromptForge.
  --update      gives each prompt that is different the file's content, as a new version
  --skip-broken goes on with the next line behind a row that is not CSV or has a wrong number of fields. Without it nothing
                behind such a row is imported: part of its text may look like a row, even of another contributor

Ends with 0 when every row is there, 1 when some were refused or are different, 2 when it could not begin or go on, 130 after Ctrl-C.`

/** Reads the command line; undefined when it asks for help. Throws one sentence when it is wrong. */
export function readOptions(args: string[]): ImportOptions | undefined {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      url: { type: 'string' },
      state: { type: 'string' },
      update: { type: 'boolean', default: false },
      'skip-broken': { type: 'boolean', default: false },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return undefined
  if (positionals.length !== 1) throw new Error(`give exactly one file:\n\n${USAGE}`)
  const file = fromCaller(positionals[0]!)
  const found = statSync(file, { throwIfNoEntry: false })
  if (!found?.isFile()) throw new Error(`there is no file ${file}`)
  const isExport = file.endsWith('.ndjson')
  if (isExport && (values.update || values['skip-broken']))
    throw new Error('--update and --skip-broken are for CSV files: an export is imported as a whole')
  const folder = placesOf().state
  return {
    file,
    isExport,
    bytes: found.size,
    url: urlOf(values.url ?? runningGateway(folder) ?? DEFAULT_URL),
    state: values.state === undefined ? join(folder, 'import.json') : fromCaller(values.state),
    skipBroken: values['skip-broken'],
    update: values.update,
  }
}

/** npm changes to the clone's folder, and says where it was called. */
const fromCaller = (path: string) => resolve(process.env['INIT_CWD'] ?? '.', path)

function runningGateway(folder: string): string | undefined {
  const file = join(folder, 'connections.env')
  return existsSync(file) ? parseEnv(readFileSync(file, 'utf8'))['PF_GATEWAY_URL'] : undefined
}

function urlOf(text: string): string {
  const url = URL.parse(text)
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.href.replace(/\/$/, '')
  throw new Error(`--url must be an http or https URL, and not ${text}`)
}
