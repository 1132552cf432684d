import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { status } from '@grpc/grpc-js'
import { v7 } from 'uuid'
import { rejection } from '#chassis/testing/rejection.ts'
import { until } from '#chassis/testing/until.ts'
import {
  ComparisonServiceService,
  RunComparisonRequest,
} from '#contracts/gen/promptforge/test/v1/comparison_service.ts'
import { SuiteRun_Verdict as Verdict } from '#contracts/gen/promptforge/test/v1/suite.ts'
import {
  CreateSuiteRequest,
  ImportSuiteRequest,
  ImportSuiteRequest_Format,
  SuiteServiceService,
  UpdateSuiteRequest,
} from '#contracts/gen/promptforge/test/v1/suite_service.ts'
import { COUNTED, startCallingRunner } from './calling-runner.ts'
import { DIALECTS } from './dialects.ts'
import type { TestRunner } from './harness.ts'
import { KEY, keyUser, PAGE, writeProviders } from './key-users.ts'
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
  await until('the run to end', async () => (await verdict()) !== Verdict.UNSPECIFIED)
  expect(await verdict()).toBe(Verdict.PASS)
  expect(usedKeys()).toEqual([...cases, ...cases].map(() => KEY))

  await revoke(keyId)
  const error = await rejection(suites.runSuite({ suiteId, which: undefined }, { token }))
  expect(error).toMatchObject({ code: status.FAILED_PRECONDITION, reason: 'PROVIDER_KEY_REVOKED' })
  const again = suites.createSuite(CreateSuiteRequest.fromPartial(request), { token })
  expect(await rejection(again)).toMatchObject({ code: status.FAILED_PRECONDITION })
})

describe('a key that a suite cannot run with', () => {
  const CASES = [{ name: 'greets', assertions: [{ contains: 'Hello' }] }]

  /** Tries to make, import and change a suite with these settings; answers with the errors, and with what there is then. */
  async function tryToUse(token: string, settings: object) {
    const suites = runner.stub(SuiteServiceService)
    const file = { format: ImportSuiteRequest_Format.JSON, content: JSON.stringify({ cases: CASES }) }
    const more = { promptId: runner.newPrompt('Hi'), name: 'Keys', settings }
    const usable = CreateSuiteRequest.fromJSON({ ...more, settings: MODEL, cases: CASES })
    const { suite } = await suites.createSuite(usable, { token })
    const errors = [
      await rejection(suites.createSuite(CreateSuiteRequest.fromJSON({ ...more, cases: CASES }), { token })),
      await rejection(suites.importSuite(ImportSuiteRequest.fromJSON({ ...more, ...file }), { token })),
      await rejection(
        suites.updateSuite(UpdateSuiteRequest.fromJSON({ suiteId: suite!.suiteId, settings }), { token }),
      ),
    ]
    const listed = await suites.listSuites({ ...PAGE, promptId: undefined }, { token })
    return { errors, made: suite!, listed: listed.suites }
  }

  test.each([
    ['somebody else’s', async () => (await (await keyUser(runner)).store()).keyId, { code: status.NOT_FOUND }],
    ['unknown', async () => v7(), { code: status.NOT_FOUND }],
    [
      'revoked',
      async ({ store, revoke }: Awaited<ReturnType<typeof keyUser>>) => (await revoke((await store()).keyId)).keyId,
      { code: status.FAILED_PRECONDITION, reason: 'PROVIDER_KEY_REVOKED' },
    ],
  ])('because it is %s is refused when the suite is made, imported and changed', async (_, keyOf, expected) => {
    const user = await keyUser(runner)
    const { errors, made, listed } = await tryToUse(user.token, { ...MODEL, keyId: await keyOf(user) })
    expect(errors).toMatchObject([expected, expected, expected])
    expect(listed).toMatchObject([{ suiteId: made.suiteId, etag: made.etag, settings: { keyId: undefined } }])
  })

  test('because it is of another provider is a violation beside the others', async () => {
    const { token, store } = await keyUser(runner)
    const settings = { modelProvider: 'other', modelName: 'none', keyId: (await store()).keyId }
    const { errors } = await tryToUse(token, settings)
    for (const { code, violations } of errors) {
      expect(code).toBe(status.INVALID_ARGUMENT)
      expect(violations.map(({ field }) => field).sort()).toEqual(['settings.key_id', 'settings.model_name'])
    }
  })
})
