import type { ServerResponse } from 'node:http'
import { startTestBroker, type TestBroker } from '../../dev-env/infra/test-broker.ts'
import { DIALECTS } from './dialects.ts'
import { type RunnerOptions, startTestRunner, type TestRunner } from './harness.ts'
import { type Asked, beginEvents, type ProviderServer, startProviderServer } from './provider-server.ts'

const { begin, text, end } = DIALECTS['openai-compatible']

/** What the provider counts: 10 tokens of input and 2 of output. */
export const COUNTED = { fresh: 10, cacheRead: 0, cacheWrite: 0, text: 2, reasoning: 0 }

/** The test service, with a broker and a provider of models that it calls. */
export type CallingRunner = {
  broker: TestBroker
  provider: ProviderServer
  runner: TestRunner
  stop(): Promise<void>
}

/** Starts them; `answer` writes what the provider answers. By default the provider is the harness's `sandbox`. */
export async function startCallingRunner(
  answer: (response: ServerResponse, asked: Asked) => unknown,
  optionsOf: (providerUrl: string) => RunnerOptions = (providerUrl) => ({ providerUrl }),
): Promise<CallingRunner> {
  const broker = await startTestBroker()
  const provider = await startProviderServer(answer)
  const runner = await startTestRunner({ natsUrl: broker.url, ...optionsOf(provider.url) })
  return {
    broker,
    provider,
    runner,
    stop: async () => {
      await runner.stop()
      await provider.stop()
      await broker.stop()
    },
  }
}

/** Answers `Hello there`. */
export function hello(response: ServerResponse) {
  beginEvents(response)
  response.end(begin(COUNTED) + text('Hello') + text(' there') + end('stop', COUNTED))
}

/** Begins a response, and leaves it at that. */
export function half(response: ServerResponse) {
  beginEvents(response)
  response.write(begin(COUNTED) + text('Hello'))
}
