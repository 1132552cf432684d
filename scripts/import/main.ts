// `npm run import -- FILE`: loads a prompt collection, or an export. Progress goes to stderr, the report to stdout.
import { openApi } from './api.ts'
import { openAuthors } from './authors.ts'
import { openExport } from './exported.ts'
import { importExported } from './import-exported.ts'
import { importRows } from './import-rows.ts'
import { type ImportOptions, readOptions, USAGE } from './options.ts'
import { startProgress } from './progress.ts'
import { startReport } from './report.ts'
import { openRows } from './rows.ts'
import { openSecret } from './state.ts'

const EXIT = { done: 0, refused: 1, failed: 2, interrupted: 130 }

const ending = new AbortController()
const interruption = new Error('the import was interrupted')
// A second one does what it does by default.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => ending.abort(interruption))

try {
  const options = readOptions(process.argv.slice(2))
  if (options) process.exitCode = await run(options)
  else process.stdout.write(`${USAGE}\n`)
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = error === interruption ? EXIT.interrupted : EXIT.failed
}

async function run({ file, isExport, bytes, url, state, skipBroken, update }: ImportOptions): Promise<number> {
  const begun = performance.now()
  const source = isExport ? { prompts: await openExport(file) } : { rows: await openRows(file, { skipBroken }) }
  const secret = openSecret(state)
  const report = startReport()
  const progress = startProgress(bytes, report)
  try {
    const api = openApi(url, ending.signal, progress.waits)
    await api.ping()
    progress.start()
    const findAuthor = openAuthors(api, secret)
    const work = { api, findAuthor, report, onDone: progress.row, ending }
    await (source.prompts
      ? importExported(source.prompts, { ...work, file })
      : importRows(source.rows, { ...work, update }))
  } finally {
    progress.stop(!ending.signal.aborted)
  }
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  process.stdout.write(`\n${file} to ${url}, ${seconds} s:\n\n${report.text()}\n`)
  if (!ending.signal.aborted) {
    const { refused, different } = report.counts()
    return refused + different > 0 ? EXIT.refused : EXIT.done
  }
  process.stdout.write('\nRun it again to continue.\n')
  throw ending.signal.reason
}
