import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { status } from '@grpc/grpc-js'
import { rejection } from '#chassis/testing/rejection.ts'
import { until } from '#chassis/testing/until.ts'
import {
  ComparisonServiceService,
  RunComparisonRequest,
} from '#contracts/gen/promptforge/test/v1/comparison_service.ts'
import { SuiteRun_Verdict as Verdict } from '#contracts/gen/promptforge/test/v1/suite.ts'
import { CreateSuiteRequest, SuiteServiceService } from '#contracts/gen/promptforge/test/v1/suite_service.ts'
import { startTestBroker, type TestBroker } from '../../dev-env/infra/test-broker.ts'
import { DIALECTS } from './dialects.ts'
import { startTestRunner, type TestRunner } from './harness.ts'
import { KEY, keyUser, writeProviders } from './key-users.ts'
import { beginEvents, type ProviderServer, startProviderServer } from './provider-server.ts'

const { begin, text, end } = DIALECTS['openai-compatible']
const COUNTED = { fresh: 10, cacheRead: 0, cacheWrite: 0, text: 2, reasoning: 0 }

let broker: TestBroker
let provider: ProviderServer
let runner: TestRunner

beforeAll(async () => {
  broker = await startTestBroker()
  provider = await startProviderServer((response) => {
    beginEvents(response)
    response.end(begin(COUNTED) + text('Hello') + end('stop', COUNTED))
  })
  const env = { PF_TEST_PROVIDERS_FILE: writeProviders(provider.url) }
  runner = await startTestRunner({ natsUrl: broker.url, key: 'sk-operator-0123456789', env })
})
beforeEach(() => void (provider.journal.length = 0))
afterAll(async () => {
  await runner.stop()
  await provider.stop()
  await broker.stop()
})

const usedKeys = () => provider.journal.map(({ headers }) => headers.authorization?.replace('Bearer ', ''))
const MODEL = { modelProvider: 'sandbox', modelName: 'echo' }

test('a comparison calls each model with the key that was chosen for it', async () => {
  const { token, store } = await keyUser(runner)
  const { keyId } = await store()
  const comparisons = runner.stub(ComparisonServiceService)
  const request = RunComparisonRequest.fromPartial({
    promptId: runner.newPrompt('Hi'),
    name: 'Keys',
    models: [MODEL, { ...MODEL, keyId }],
  })
  const { comparison } = await comparisons.runComparison(request, { token })
  expect(comparison!.tests.map((one) => one.keyId)).toEqual(['', keyId])
  await until('both to be called', () => provider.journal.length === 2)
  expect(new Set(usedKeys())).toEqual(new Set([KEY, 'sk-operator-0123456789']))
})

test('a suite runs with its key, however many tests wait, and not at all when that was revoked', async () => {
  const { token, store, revoke } = await keyUser(runner)
  const { keyId } = await store()
  const suites = runner.stub(SuiteServiceService)
  const cases = Array.from({ length: 13 }, (_, n) => ({
    name: `case ${n}`,
    assertions: [{ check: { $case: 'equals' as const, value: 'Hello' } }],
  }))
  const settings = { ...MODEL, keyId, repeats: 2 }
  const request = { promptId: runner.newPrompt('Hi'), name: 'Keys', settings, cases }
  const { suite } = await suites.createSuite(CreateSuiteRequest.fromPartial(request), { token })
  const { suiteId } = suite!
  const { run } = await suites.runSuite({ suiteId, which: undefined }, { token })
  const verdict = async () => (await suites.getSuiteRun({ runId: run!.runId }, { token })).run!.verdict
  await until('the run to end', async () => (await verdict()) !== Verdict.UNSPECIFIED, 60_000)
  expect(await verdict()).toBe(Verdict.PASS)
  expect(usedKeys()).toEqual([...cases, ...cases].map(() => KEY))

  await revoke(keyId)
  const error = await rejection(suites.runSuite({ suiteId, which: undefined }, { token }))
  expect(error).toMatchObject({ code: status.FAILED_PRECONDITION, reason: 'PROVIDER_KEY_REVOKED' })
  const again = suites.createSuite(CreateSuiteRequest.fromPartial(request), { token })
  expect(await rejection(again)).toMatchObject({ code: status.FAILED_PRECONDITION })
})
