import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { ServerResponse } from 'node:http'
import { status } from '@grpc/grpc-js'
import { v7 } from 'uuid'
import { rejection } from '#chassis/testing/rejection.ts'
import { until } from '#chassis/testing/until.ts'
import { TestInternalServiceService } from '#contracts/gen/promptforge/test/v1/test_internal_service.ts'
import { type PromptTest, PromptTest_Status as Status } from '#contracts/gen/promptforge/test/v1/test.ts'
import { eraseUser } from '../../dev-env/infra/erasing.ts'
import type { TestBroker } from '../../dev-env/infra/test-broker.ts'
import { COUNTED, startCallingRunner } from './calling-runner.ts'
import { DIALECTS } from './dialects.ts'
import { RUNNER, type TestRunner } from './harness.ts'
import { answerJson, type Asked, beginEvents } from './provider-server.ts'

const { begin, text, end } = DIALECTS['openai-compatible']

/** What the prompt says, and nothing else. */
const SECRET = 'zibeline'

let broker: TestBroker
let runner: TestRunner
let stop: () => Promise<void>
/** What the provider waits for when it is asked to wait. */
let held: Promise<void>
let letGo: () => void

async function answer(response: ServerResponse, { body }: Asked) {
  const asked = String(body['messages'][0].content)
  if (asked.includes('fail')) return answerJson(response, 400, { error: { message: 'refused' } })
  if (asked.includes('wait')) await held
  beginEvents(response)
  const said = asked.includes('repeat') ? `You asked:\n${asked.trim()}\nNo.` : 'Bonjour'
  response.end(begin(COUNTED) + text(said) + end('stop', COUNTED))
}

beforeAll(async () => {
  ;({ broker, runner, stop } = await startCallingRunner(answer))
})
beforeEach(() => {
  ;({ promise: held, resolve: letGo } = Promise.withResolvers<void>())
})
afterAll(() => stop())

/** Who sells, with what they have run. */
async function newSeller() {
  const userId = v7()
  const as = { token: await runner.identity.tokenFor({ ...RUNNER, userId }) }
  const read = async (testId: string) => (await runner.tests.getTest({ testId }, as)).test!
  const run = async (word: string) => {
    const promptId = runner.newPrompt(` ${SECRET}: {{word}} `)
    const request = { promptId, which: undefined, values: { word }, modelProvider: 'sandbox', modelName: 'echo' }
    return (await runner.tests.runTest(request, as)).test!
  }
  const reaches = (testId: string, hasReached: (test: PromptTest) => boolean) =>
    until('the test to get there', async () => hasReached(await read(testId)))
  const runToEnd = async (word: string) => {
    const { testId } = await run(word)
    await reaches(testId, ({ completedAt }) => completedAt !== undefined)
    return read(testId)
  }
  return { userId, as, run, reaches, runToEnd }
}

const sampleOf = (testId: string, as: { token?: string }, peer = 'marketplace') =>
  runner.stub(TestInternalServiceService, peer).getSample({ testId }, as)

test('a sample has what went into a completed test and came out of it, and nothing of the prompt but its values', async () => {
  const seller = await newSeller()
  const done = await seller.runToEnd('hello')
  const { sample } = await sampleOf(done.testId, seller.as)
  expect(sample).toEqual({
    testId: done.testId,
    promptId: done.promptId,
    promptVersion: 1,
    modelProvider: 'sandbox',
    modelName: 'echo',
    values: { word: 'hello' },
    response: 'Bonjour',
    usage: { inputTokens: 10n, cacheReadTokens: 0n, cacheWriteTokens: 0n, outputTokens: 2n, reasoningTokens: 0n },
    responseTimeMs: done.responseTimeMs,
    completedAt: done.completedAt,
  })
  expect(done.promptContent).toContain(SECRET)
  const shown = Object.values(sample!).map(String).join(' ')
  expect(shown).not.toContain(SECRET)
  expect(shown).not.toContain(done.contentHash)
})

describe('there is no sample', () => {
  const refusal = async (testId: string, as: { token: string }) => {
    const { code, reason, message } = await rejection(sampleOf(testId, as))
    return { code, reason, message }
  }
  /** What is said of a test that there is not. */
  const unknown = async () => {
    const refused = await refusal(v7(), (await newSeller()).as)
    expect(refused).toMatchObject({ code: status.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' })
    return refused
  }

  test('of somebody else’s test', async () => {
    const [seller, other] = [await newSeller(), await newSeller()]
    const { testId } = await seller.runToEnd('hello')
    expect(await refusal(testId, other.as)).toEqual(await unknown())
  })

  test('of a test that goes on, or failed', async () => {
    const seller = await newSeller()
    const { testId } = await seller.run('wait')
    await seller.reaches(testId, ({ status: now }) => now === Status.RUNNING)
    expect(await refusal(testId, seller.as)).toEqual(await unknown())
    letGo()
    await seller.reaches(testId, ({ status: now }) => now === Status.COMPLETED)
    expect(await sampleOf(testId, seller.as)).toMatchObject({ sample: { testId } })
    const failed = await seller.runToEnd('fail')
    expect(failed.status).toBe(Status.FAILED)
    expect(await refusal(failed.testId, seller.as)).toEqual(await unknown())
  })

  test('of a test whose texts were erased with its user', async () => {
    const seller = await newSeller()
    const { testId } = await seller.runToEnd('hello')
    await eraseUser(broker, seller.userId, 'test')
    expect(await refusal(testId, seller.as)).toEqual(await unknown())
  })

  test('of a version that the caller may not read any more', async () => {
    const seller = await newSeller()
    const { testId, promptId } = await seller.runToEnd('hello')
    runner.contents.delete(promptId)
    expect(await refusal(testId, seller.as)).toEqual(await unknown())
  })

  test('of a response that repeats the prompt', async () => {
    const seller = await newSeller()
    const { testId, response } = await seller.runToEnd('repeat')
    expect(response).toContain(SECRET)
    expect(await refusal(testId, seller.as)).toEqual(await unknown())
  })

  test('for anybody but the marketplace, with a user’s token', async () => {
    const seller = await newSeller()
    const { testId } = await seller.runToEnd('hello')
    for (const peer of ['client', 'gateway', 'version'])
      expect(await rejection(sampleOf(testId, seller.as, peer))).toMatchObject({ code: status.PERMISSION_DENIED })
    expect(await rejection(sampleOf(testId, {}))).toMatchObject({ code: status.UNAUTHENTICATED })
    const noId = await rejection(sampleOf('one', seller.as))
    expect(noId).toMatchObject({ code: status.INVALID_ARGUMENT, violations: [{ field: 'test_id' }] })
  })
})
