import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { ServerResponse } from 'node:http'
import { jobCause } from '#chassis/cause.ts'
import { until } from '#chassis/testing/until.ts'
import { PromptTest_ErrorCode as ErrorCode } from '#contracts/gen/promptforge/test/v1/test.ts'
import { hello, startCallingRunner } from './calling-runner.ts'
import { DIALECTS } from './dialects.ts'
import type { TestRunner } from './harness.ts'
import { answerJson, type ProviderServer } from './provider-server.ts'

const { error } = DIALECTS['openai-compatible']

const ROUNDS = 12

/** When the provider finishes a call: before its test is cancelled, about then, when that has been answered, or never. */
const FINISHES = ['before', 'about then', 'after', 'never'] as const

let provider: ProviderServer
let runner: TestRunner
let stop: () => Promise<void>
/** The first calls of tests, by their prompts; what is called again is answered at once. */
const calls = new Map<string, ServerResponse>()

beforeAll(async () => {
  ;({ provider, runner, stop } = await startCallingRunner((response, { body }) => {
    const prompt: string = body['messages'][0].content
    if (calls.has(prompt)) return hello(response)
    return calls.set(prompt, response)
  }))
})
afterAll(() => stop())

const sql = <T extends object>(query: string, params: unknown[] = []) => runner.database.query<T>(query, params)

const cancel = (testId: string) => runner.tests.cancelTest({ testId }, { token: runner.token })

const sweep = () => runner.service.context.worker.jobs[0]!.run(new AbortController().signal, jobCause('sweep tests'))

/** How many events say of a test that it has ended. */
async function ends(testId: string): Promise<number> {
  const [row] = await sql<{ count: number }>(
    `select count(*)::integer as count from outbox
    where subject in ('pf.test.test.completed.v1', 'pf.test.test.failed.v1') and payload->'metadata'->>'aggregateId' = $1`,
    [testId],
  )
  return row!.count
}

/** Cancels a test, while the provider finishes its call. */
async function race(testId: string, call: ServerResponse, finishes: (typeof FINISHES)[number]) {
  if (finishes === 'before') hello(call)
  if (finishes === 'about then') setTimeout(() => hello(call), 2)
  await cancel(testId)
  if (finishes === 'after') hello(call)
}

test('cancelled, finished and swept at the same moment, a test ends once, and money is what the rows say', async () => {
  const codes = new Set<ErrorCode>()
  for (let round = 0; round < ROUNDS; round += 1) {
    const prompts = FINISHES.map((finishes) => `round ${round}, ${finishes}`)
    const tests = await Promise.all(prompts.map((prompt) => runner.run(prompt)))
    await until('the provider to be called', () => prompts.every((prompt) => calls.has(prompt)))
    const ids = tests.map(({ testId }) => testId)
    // In every other round the worker has been lost, as far as the sweep can see.
    if (round % 2 === 0)
      await sql(`update prompt_tests set lease_until = now() - interval '1 s' where id = any($1)`, [ids])
    const races = FINISHES.map((finishes, n) => race(ids[n]!, calls.get(prompts[n]!)!, finishes))
    await runner.silenced(() => Promise.all([sweep(), ...races]))
    for (const testId of ids) {
      codes.add((await runner.ended(testId)).errorCode)
      expect(await ends(testId)).toBe(1)
    }
    expect(await runner.read(ids.at(-1)!)).toMatchObject({ errorCode: ErrorCode.CANCELLED })
    expect(await runner.disagreements()).toEqual([])
  }
  expect(codes).toEqual(new Set([ErrorCode.UNSPECIFIED, ErrorCode.CANCELLED]))
  expect(await runner.budget()).toMatchObject({ reservedMicros: 0n })
})

test('cancelled while its provider refuses it for now, a test ends and is not called again', async () => {
  const before = provider.journal.length
  const { testId } = await runner.run('busy')
  await until('the provider to be called', () => calls.has('busy'))
  // The worker does not hear of it before the refusal.
  await sql('update prompt_tests set cancel_requested_at = now() where id = $1', [testId])
  answerJson(calls.get('busy')!, 429, error('busy'))
  expect(await runner.ended(testId)).toMatchObject({ errorCode: ErrorCode.CANCELLED })
  expect(provider.journal).toHaveLength(before + 1)
  expect(await ends(testId)).toBe(1)
  expect(await runner.disagreements()).toEqual([])
})
