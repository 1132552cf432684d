import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { until } from '#chassis/testing/until.ts'
import { ProviderKeyServiceService } from '#contracts/gen/promptforge/test/v1/provider_key_service.ts'
import { PRICE, RUNNER, type TestRunner } from './harness.ts'

/** A key, of signs that quoting or trimming would change. */
export const KEY = 'sk-"own"\\%s$&{{x}}-0123456789wxyz'

/** The first page of a list. */
export const PAGE = { pageSize: 0, pageToken: '' }

/** The client of own keys. */
export const stubOf = (service: TestRunner) => service.stub(ProviderKeyServiceService)

/** Writes a file of two providers, `sandbox` and `other`, whose model `new` has no price and `next` none yet, and answers with its path. */
export function writeProviders(url: string): string {
  const file = join(process.env['PF_TEST_FOLDER']!, `providers-${randomUUID()}.json`)
  const model = (name: string, prices?: object[]) => ({
    name,
    maxOutputTokens: 4096,
    maxTokensCoversReasoning: true,
    prices,
  })
  const models = [
    model('echo', [PRICE]),
    model('new'),
    model('next', [{ ...PRICE, validFrom: '2999-01-01T00:00:00Z' }]),
  ]
  const common = { protocol: 'openai-compatible', baseUrl: `${url}/v1`, allowedNetworks: ['127.0.0.0/8'] }
  const providers = ['sandbox', 'other'].map((name) => ({ ...common, name, models }))
  writeFileSync(file, JSON.stringify({ providers }))
  return file
}

/** A new user, with what they do most. */
export async function keyUser(runner: TestRunner) {
  const keys = stubOf(runner)
  const userId = v7()
  const token = await runner.identity.tokenFor({ ...RUNNER, userId })
  const read = async (testId: string) => (await runner.tests.getTest({ testId }, { token })).test!
  return {
    token,
    /** Stores a key of `sandbox`. */
    store: async (key = KEY, more: object = {}) =>
      (await keys.createProviderKey({ provider: 'sandbox', name: 'Mine', key, ...more }, { token })).providerKey!,
    list: (more: object = {}) => keys.listProviderKeys({ ...PAGE, ...more }, { token }),
    revoke: async (keyId: string) => (await keys.revokeProviderKey({ keyId }, { token })).providerKey!,
    /** Asks for a run of `sandbox` and `echo`. */
    run: async (more: object = {}) => {
      const promptId = runner.newPrompt('Hello?')
      const request = { promptId, which: undefined, values: {}, modelProvider: 'sandbox', modelName: 'echo', ...more }
      return (await runner.tests.runTest(request, { token })).test!
    },
    retry: async (testId: string) => (await runner.tests.retryTest({ testId }, { token })).test!,
    cancel: (testId: string) => runner.tests.cancelTest({ testId }, { token }),
    read,
    /** Waits until a test has ended. */
    ended: async (testId: string) => {
      const done = async () => ((await read(testId)).completedAt ? read(testId) : undefined)
      return (await until('the test to end', done))!
    },
  }
}
