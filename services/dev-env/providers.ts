import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MAX_OUTPUT_TOKENS, MODEL } from './local/request.ts'
import { LOCAL, startLocal } from './local/start.ts'
import { MODELS } from './sandbox/answers.ts'
import { SANDBOX, startSandbox } from './sandbox/start.ts'

/** The lanes of the test service: its providers on this machine. */
export const LANES = [SANDBOX, LOCAL]

/** The providers of models on this machine, and the file that tells the test service of them. */
export type Providers = { file: string; stop(): Promise<void> }

/** The ports of the providers when `first` is the gRPC port of the user service. */
export const providerPorts = (first: number) => ({ sandbox: first + 500, local: first + 501 })

/** The port of the payment provider, likewise. */
export const paymentPort = (first: number) => first + 502

/** Starts them, on free ports or those after `first`, with what they write in `folder`. They end when this process ends. */
export async function startProviders({
  first,
  folder,
}: {
  first: number | 'free'
  folder: string
}): Promise<Providers> {
  const ports = first === 'free' ? { sandbox: 0, local: 0 } : providerPorts(first)
  const sandbox = await startSandbox({ port: ports.sandbox, folder })
  try {
    const local = await startLocal({ port: ports.local, folder })
    const file = writeProviders(folder, { sandbox, local })
    const stop = async () => void (await Promise.all([sandbox.stop(), local.stop()]))
    return { file, stop }
  } catch (error) {
    await sandbox.stop()
    throw error
  }
}

const SINCE = '2026-01-01T00:00:00Z'

// One dollar a million tokens of input and four of output, so that a cost can be worked by hand: a word is a token.
const SANDBOX_PRICE = {
  validFrom: SINCE,
  input: 1_000_000,
  cacheRead: 100_000,
  cacheWrite: 1_250_000,
  output: 4_000_000,
}

const FREE_OF_CHARGE = { validFrom: SINCE, input: 0, cacheRead: 0, cacheWrite: 0, output: 0 }

/** Writes the providers file into `folder`, and answers with its path. */
export function writeProviders(folder: string, urls: { sandbox: { url: string }; local?: { url: string } }): string {
  const provider = (name: string, { url }: { url: string }, models: object[]) => ({
    name,
    protocol: 'openai-compatible',
    baseUrl: `${url}/v1`,
    allowedNetworks: ['127.0.0.0/8'],
    models,
  })
  const model = (name: string, maxOutputTokens: number, price: object) => ({
    name,
    maxOutputTokens,
    maxTokensCoversReasoning: true,
    prices: [price],
  })
  const sandboxModels = MODELS.map((name) => model(name, 4096, SANDBOX_PRICE))
  const providers = [
    provider(SANDBOX, urls.sandbox, sandboxModels),
    ...(urls.local ? [provider(LOCAL, urls.local, [model(MODEL, MAX_OUTPUT_TOKENS, FREE_OF_CHARGE)])] : []),
  ]
  const file = join(folder, 'providers.json')
  writeFileSync(file, JSON.stringify({ providers }, null, 2))
  return file
}
