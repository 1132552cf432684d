import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ChatProcess, startChat } from '../chat/start.ts'
import { MODELS } from './answers.ts'

/** The provider's name, and its lane. */
export const SANDBOX = 'sandbox'

/** A sandbox that runs, as a process of its own. */
export type Sandbox = Pick<ChatProcess, 'url' | 'stop'>

/** Starts it on a port of 127.0.0.1, 0 for a free one, with its log in `folder`. It ends when this process ends. */
export const startSandbox = (options: { port: number; folder: string }): Promise<Sandbox> =>
  startChat({ name: SANDBOX, main: join(import.meta.dirname, 'main.ts'), ...options })

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
