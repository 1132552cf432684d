import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Child } from '../infra/process.ts'
import { MODELS } from './answers.ts'

/** The provider's name, and its lane. */
export const SANDBOX = 'sandbox'

/** A sandbox that runs, as a process of its own. */
export type Sandbox = { url: string; stop(): Promise<void> }

/** Where the sandbox is, and what it keeps. */
type SandboxOptions = {
  /** Of 127.0.0.1; 0: a free one. */
  port: number
  /** For its log. */
  folder: string
  /** File to which it writes a line for each call, a `NotedCall` in JSON, before it answers. Default: none. */
  journal?: string
}

/** Starts it. It ends when this process ends. */
export async function startSandbox({ port, folder, journal }: SandboxOptions): Promise<Sandbox> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const portFile = join(folder, 'sandbox.port')
  rmSync(portFile, { force: true })
  const child = new Child({
    name: 'the sandbox',
    command: process.execPath,
    args: [join(import.meta.dirname, 'main.ts'), String(port), portFile, ...(journal === undefined ? [] : [journal])],
    logFile: join(folder, 'sandbox.log'),
  })
  await child.ready(async () => existsSync(portFile))
  return { url: `http://127.0.0.1:${readFileSync(portFile, 'utf8')}`, stop: () => child.stop() }
}

// One dollar a million tokens of input and four of output, so that a cost can be worked by hand: a word is a token.
const PRICE = {
  validFrom: '2026-01-01T00:00:00Z',
  input: 1_000_000,
  cacheRead: 100_000,
  cacheWrite: 1_250_000,
  output: 4_000_000,
}

/** Writes a providers file with the sandbox into `folder`, and answers with its path. */
export function writeProviders(folder: string, { url }: Pick<Sandbox, 'url'>): string {
  const models = MODELS.map((name) => ({
    name,
    maxOutputTokens: 4096,
    maxTokensCoversReasoning: true,
    prices: [PRICE],
  }))
  const provider = {
    name: SANDBOX,
    protocol: 'openai-compatible',
    baseUrl: `${url}/v1`,
    allowedNetworks: ['127.0.0.0/8'],
    models,
  }
  const file = join(folder, 'providers.json')
  writeFileSync(file, JSON.stringify({ providers: [provider] }, null, 2))
  return file
}
