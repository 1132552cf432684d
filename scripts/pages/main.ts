// Writes the pages of docs/reference/ that follow from the code: `npm run docs`. With --check, which is part of `npm run check`, it only fails
// when one of them is not up to date.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { configurationPage } from './configuration.ts'
import { errorsPage, eventsPage } from './reference.ts'

const PAGES: Record<string, () => string> = {
  'configuration.md': configurationPage,
  'errors.md': errorsPage,
  'events.md': eventsPage,
}

for (const [name, make] of Object.entries(PAGES)) {
  const path = join(import.meta.dirname, '../../docs/reference', name)
  const before = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const after = await format(`<!-- Written by \`npm run docs\`. -->\n\n${make()}`, {
    ...(await resolveConfig(path)),
    filepath: path,
  })
  if (process.argv[2] !== '--check') writeFileSync(path, after)
  else if (before !== after) {
    process.stderr.write(`docs/reference/${name} does not show what the code has: run \`npm run docs\`\n`)
    process.exitCode = 1
  }
}
