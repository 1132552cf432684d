import type { ServerResponse } from 'node:http'
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
import { COUNTED, startCallingRunner } from './calling-runner.ts'
import { DIALECTS } from './dialects.ts'
import type { TestRunner } from './harness.ts'
import { KEY, keyUser, writeProviders } from './key-users.ts'
import { beginEvents, type ProviderServer } from './provider-server.ts'

const { begin, text, end } = DIALECTS['openai-compatible']

let provider: ProviderServer
let runner: TestRunner
let stop: () => Promise<void>

beforeAll(async () => {
  const answer = (response: ServerResponse) => {
    beginEvents(response)
    response.end(begin(COUNTED) + text('Hello') + end('stop', COUNTED))
  }
  ;({ provider, runner, stop } = await startCallingRunner(answer, (providerUrl) => ({
    key: 'sk-operator-0123456789',
    env: { PF_TEST_PROVIDERS_FILE: writeProviders(providerUrl) },
  })))
})
beforeEach(() => void (provider.journal.length = 0))
afterAll(() => stop())

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
