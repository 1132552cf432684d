import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { createHash, randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { status } from '@grpc/grpc-js'
import { v7 } from 'uuid'
import { capturedLog } from '#chassis/testing/captured-log.ts'
import { testDatabase } from '#chassis/testing/database.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { until } from '#chassis/testing/until.ts'
import { CreateProviderKeyRequest } from '#contracts/gen/promptforge/test/v1/provider_key_service.ts'
import {
  PromptTest_ErrorCode as ErrorCode,
  PromptTest_Status as Status,
} from '#contracts/gen/promptforge/test/v1/test.ts'
import { startTestBroker, type TestBroker } from '../../dev-env/infra/test-broker.ts'
import { schema } from '../db/schema.ts'
import { COUNTED, hello, startCallingRunner } from './calling-runner.ts'
import { DIALECTS } from './dialects.ts'
import { startTestRunner, type TestRunner } from './harness.ts'
import { KEY, keyUser, PAGE, stubOf, writeProviders } from './key-users.ts'
import { answerJson, type Asked, beginEvents, type ProviderServer } from './provider-server.ts'

const { begin, text, error } = DIALECTS['openai-compatible']
const OPERATORS_KEY = 'sk-operator-0123456789'

let broker: TestBroker
let provider: ProviderServer
let runner: TestRunner
let stop: () => Promise<void>
let keys: ReturnType<typeof stubOf>
/** How the provider answers; a test says it. */
let answer: (response: ServerResponse, asked: Asked) => unknown
const captured = capturedLog()

beforeAll(async () => {
  const answering = (response: ServerResponse, asked: Asked) => answer(response, asked)
  ;({ broker, provider, runner, stop } = await startCallingRunner(answering, (providerUrl) => ({
    key: OPERATORS_KEY,
    log: captured.log,
    env: { PF_TEST_PROVIDERS_FILE: writeProviders(providerUrl) },
  })))
  keys = stubOf(runner)
})
afterEach(async () => {
  provider.journal.length = 0
  // Whatever happened: money is what the rows say.
  expect(await runner.disagreements()).toEqual([])
})
afterAll(() => stop())

const newUser = () => keyUser(runner)

/** With which keys the provider was asked, in order. */
const usedKeys = () => provider.journal.map(({ headers }) => headers.authorization?.replace('Bearer ', ''))

/** All that is stored: every row of every table, and every message of the streams. */
async function everythingStored(): Promise<string> {
  const tables = await runner.database.query<{ name: string }>(
    `select quote_ident(tablename) as name from pg_tables where schemaname = 'public'`,
  )
  const rows: object[] = []
  for (const { name } of tables) rows.push(await runner.database.query(`select t::text from ${name} t`))
  const streams = await Promise.all((['PF_TEST', 'PF_TEST_JOBS', 'PF_DEAD_LETTER'] as const).map(broker.messages))
  return JSON.stringify([rows, streams.flat().map(({ data }) => Buffer.from(data).toString('latin1'))])
}

/** A text as JSON has it, its base64 and its hexadecimal digits: none of them is in what nobody may read. */
const formsOf = (secret: string) => [
  JSON.stringify(secret).slice(1, -1),
  secret,
  Buffer.from(secret).toString('base64').slice(0, -4),
  Buffer.from(secret).toString('hex'),
]

describe('a key', () => {
  test('is stored, listed and revoked, and no answer has more of it than its last four characters', async () => {
    const { token, store, list, revoke } = await newUser()
    const one = await store()
    expect(one).toEqual({
      keyId: one.keyId,
      provider: 'sandbox',
      name: 'Mine',
      hint: 'wxyz',
      createdAt: expect.any(Date),
      revokedAt: undefined,
    })
    const two = await store('short-wxyz', { provider: 'other' })
    expect(two).toMatchObject({ provider: 'other', hint: '' })
    expect((await list()).providerKeys).toEqual([two, one])
    const first = await list({ pageSize: 1 })
    expect(first.providerKeys).toEqual([two])
    expect((await list({ pageToken: first.nextPageToken })).providerKeys).toEqual([one])
    const revoked = await revoke(one.keyId)
    expect(revoked).toEqual({ ...one, revokedAt: expect.any(Date) })
    expect(await revoke(one.keyId)).toEqual(revoked)
    expect((await list()).providerKeys).toEqual([two])
    const nobodys = keys.revokeProviderKey({ keyId: v7() }, { token })
    expect(await rejection(nobodys)).toMatchObject({ code: status.NOT_FOUND })
  })

  test('is encrypted for its user and provider, and nothing of that is left when it is revoked', async () => {
    const { store, revoke } = await newUser()
    const [one, two] = [await store(), await store()]
    const sealed = (keyId: string) =>
      runner.database.query<{ secret_id: string | null; sealed: Buffer | null }>(
        'select secret_id, sealed from provider_keys where id = $1',
        [keyId],
      )
    const [[before], [other]] = [await sealed(one.keyId), await sealed(two.keyId)]
    expect(before!.sealed!.equals(other!.sealed!)).toBe(false)
    expect(before!.sealed!.includes(KEY.slice(0, 6))).toBe(false)
    await revoke(one.keyId)
    expect(await sealed(one.keyId)).toEqual([{ secret_id: null, sealed: null }])
  })

  test('is made once for a request_id, of which no hash is stored that could be guessed', async () => {
    const { store, list } = await newUser()
    const requestId = randomUUID()
    const made = await Promise.all([1, 2, 3].map(() => store(KEY, { requestId })))
    expect(new Set(made.map(({ keyId }) => keyId)).size).toBe(1)
    expect((await list()).providerKeys).toHaveLength(1)
    expect(await rejection(store('another-key', { requestId }))).toMatchObject({ reason: 'REQUEST_ID_REUSED' })
    const request = CreateProviderKeyRequest.fromPartial({ provider: 'sandbox', name: 'Mine', key: KEY })
    const hash = createHash('sha256').update(CreateProviderKeyRequest.encode(request).finish()).digest()
    const [row] = await runner.database.query<{ request_hash: Buffer }>(
      'select request_hash from idempotency_keys where key = $1',
      [requestId],
    )
    expect(row!.request_hash.equals(hash)).toBe(false)
  })

  test('is one of 20 that a user has at most, also when they are made at once', async () => {
    const { store, list, revoke } = await newUser()
    const made = await Promise.allSettled(Array.from({ length: 24 }, () => store()))
    expect(made.filter((one) => one.status === 'fulfilled')).toHaveLength(20)
    expect(await rejection(store())).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'PROVIDER_KEYS_EXHAUSTED',
    })
    const { providerKeys } = await list()
    await revoke(providerKeys[0]!.keyId)
    await store()
  })

  test('of somebody else does not exist', async () => {
    const [owner, other] = [await newUser(), await newUser()]
    const { keyId } = await owner.store()
    expect((await other.list()).providerKeys).toEqual([])
    expect(await rejection(other.revoke(keyId))).toMatchObject({ code: status.NOT_FOUND })
    expect(await rejection(other.run({ keyId }))).toMatchObject({ code: status.NOT_FOUND })
    expect(await rejection(other.run({ keyId, modelProvider: 'other' }))).toMatchObject({ code: status.NOT_FOUND })
    expect((await owner.list()).providerKeys).toHaveLength(1)
  })

  test.each([
    ['without a name', { name: '' }, 'name'],
    ['with a name of 101 characters', { name: 'x'.repeat(101) }, 'name'],
    ['of 7 characters', { key: 'sk-4567' }, 'key'],
    ['of 501 characters', { key: 'sk-0'.repeat(126) }, 'key'],
    ['with a space', { key: 'sk-0123 456789' }, 'key'],
    ['with a line break at its end', { key: 'sk-0123456789\n' }, 'key'],
    ['of letters that are not ASCII', { key: 'sk-0123456789é' }, 'key'],
    ['of a provider that there is not', { provider: 'acme' }, 'provider'],
  ])('%s is refused, and the answer does not repeat it', async (_, more, field) => {
    const { token, list } = await newUser()
    const request = { provider: 'sandbox', name: 'Mine', key: KEY, ...more }
    const refused = await rejection(keys.createProviderKey(request, { token }))
    expect(refused).toMatchObject({ code: status.INVALID_ARGUMENT, violations: [{ field }] })
    expect(JSON.stringify(refused)).not.toContain(request.key.slice(0, 7))
    expect((await list()).providerKeys).toEqual([])
  })
})

describe('a test with an own key', () => {
  test('is asked of the provider with that key, as it was sent, and is paid like any other', async () => {
    answer = hello
    const { token, store, run, ended } = await newUser()
    const { keyId } = await store()
    const asked = await run({ keyId })
    expect(asked).toMatchObject({ keyId, status: Status.PENDING })
    expect(asked.reservedMicros).toBeGreaterThan(0n)
    expect(await ended(asked.testId)).toMatchObject({ status: Status.COMPLETED, keyId, costMicros: 18n })
    expect(usedKeys()).toEqual([KEY])
    const { budget } = await runner.tests.getBudget({}, { token })
    expect(budget).toMatchObject({ spentMicros: 18n, reservedMicros: 0n })
    const [hint] = await runner.database.query<{ subject: string }>(
      `select subject from outbox where subject like 'pf.job.%' and payload::text like $1`,
      [`%${asked.testId}%`],
    )
    expect(hint!.subject).toBe('pf.job.test.run.v1.byok')
    await run().then(({ testId }) => ended(testId))
    expect(usedKeys()).toEqual([KEY, OPERATORS_KEY])
  })

  test('needs one of the model’s provider that is not revoked', async () => {
    const { store, run, revoke } = await newUser()
    const { keyId } = await store(KEY, { provider: 'other' })
    expect(await rejection(run({ keyId }))).toMatchObject({
      code: status.INVALID_ARGUMENT,
      violations: [{ field: 'key_id' }],
    })
    await revoke(keyId)
    expect(await rejection(run({ keyId, modelProvider: 'other' }))).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'PROVIDER_KEY_REVOKED',
    })
  })

  test('keeps the key when it is repeated, and cannot be repeated when that was revoked', async () => {
    answer = hello
    const { store, run, retry, ended, revoke } = await newUser()
    const { keyId } = await store()
    const { testId } = await run({ keyId })
    await ended(testId)
    const again = await retry(testId)
    expect(again).toMatchObject({ retryOf: testId, keyId })
    await ended(again.testId)
    expect(usedKeys()).toEqual([KEY, KEY])
    await revoke(keyId)
    expect(await rejection(retry(testId))).toMatchObject({ reason: 'PROVIDER_KEY_REVOKED' })
  })

  test.each(['new', 'next'])(
    'may be of the model %s, which has no price, if its owner allows it',
    async (modelName) => {
      answer = hello
      const { store, run, retry, ended } = await newUser()
      const { keyId } = await store()
      const refused = (more: object) => rejection(run({ modelName, ...more }))
      expect(await refused({ keyId })).toMatchObject({ violations: [{ field: 'model_name' }] })
      expect(await refused({ allowUnpriced: true })).toMatchObject({ violations: [{ field: 'allow_unpriced' }] })
      expect(await refused({ keyId, allowUnpriced: true, modelName: 'none' })).toMatchObject({
        violations: [{ field: 'model_name' }],
      })
      const { testId, reservedMicros } = await run({ modelName, keyId, allowUnpriced: true })
      expect(reservedMicros).toBe(0n)
      expect(await ended(testId)).toMatchObject({ status: Status.COMPLETED, costMicros: 0n })
      const again = await retry(testId)
      expect(await ended(again.testId)).toMatchObject({ status: Status.COMPLETED, costMicros: 0n })
    },
  )

  test('whose key is revoked while it waits fails, says so and costs nothing', async () => {
    answer = (response) => answerJson(response, 429, error('busy'), { 'retry-after': '1' })
    const { read, store, run, ended, revoke } = await newUser()
    const { keyId } = await store()
    const { testId } = await run({ keyId })
    await until('the test to wait', async () => {
      return provider.journal.length === 1 && (await read(testId)).status === Status.PENDING
    })
    await revoke(keyId)
    expect(await ended(testId)).toMatchObject({
      status: Status.FAILED,
      errorCode: ErrorCode.PROVIDER_ERROR,
      errorMessage: 'your key of sandbox was revoked before the model was called',
      costMicros: 0n,
    })
    expect(provider.journal).toHaveLength(1)
  })
})

test.each([
  ['refuses it (401)', (said: string, response: ServerResponse) => answerJson(response, 401, error(said))],
  ['fails (500)', (said: string, response: ServerResponse) => answerJson(response, 500, error(said))],
  [
    'fails in the middle of the response',
    (said: string, response: ServerResponse) => {
      beginEvents(response)
      response.end(`${begin(COUNTED)}${text('Hello')}data: ${JSON.stringify(error(said))}\n\n`)
    },
  ],
])('when a provider that quotes the key %s, no row, event, log, error or answer has it', async (_, refuse) => {
  const { token, store, list, run, ended } = await newUser()
  const key = `sk-${randomUUID()}-${randomUUID()}`
  answer = (response, { headers }) => refuse(`Incorrect API key provided: ${headers.authorization}`, response)
  const { keyId } = await store(key, { requestId: randomUUID() })
  const { testId } = await run({ keyId })
  const failed = await ended(testId)
  expect(usedKeys()).toEqual([key])
  expect(failed).toMatchObject({ status: Status.FAILED, errorCode: ErrorCode.PROVIDER_ERROR })
  expect(failed.errorMessage).toContain('(not shown: it has a part of the key)')
  await until('its events to be published', async () => {
    const [row] = await runner.database.query<{ waiting: number }>(
      'select count(*)::integer as waiting from outbox where processed_at is null',
    )
    return row!.waiting === 0
  })
  const answers = [failed, await list(), await runner.tests.listTests(PAGE, { token })]
  const shown = JSON.stringify(answers, (__, value) => (typeof value === 'bigint' ? String(value) : value))
  const places = { stored: await everythingStored(), log: JSON.stringify(captured.records), shown }
  expect(places.stored).toContain(testId)
  for (const part of [key, key.slice(0, 20), key.slice(20, 40)])
    for (const form of formsOf(part))
      for (const [place, content] of Object.entries(places))
        expect([place, content.includes(form)]).toEqual([place, false])
})

describe('calls with own keys', () => {
  test('that the provider throttles for one user do not wait for another’s, and count no attempt', async () => {
    const [throttled, other] = [await newUser(), await newUser()]
    const [bad, good] = ['sk-throttled-0123456789', 'sk-good-0123456789']
    answer = (response) =>
      usedKeys().at(-1) === bad ? answerJson(response, 429, error('busy'), { 'retry-after': '50' }) : hello(response)
    const [badKey, goodKey] = [await throttled.store(bad), await other.store(good)]
    await throttled.run({ keyId: badKey.keyId })
    await until('the key to be throttled', () => provider.journal.length === 1)
    const waiting = await Promise.all(Array.from({ length: 10 }, () => throttled.run({ keyId: badKey.keyId })))
    const tests = await Promise.all(Array.from({ length: 10 }, () => other.run({ keyId: goodKey.keyId })))
    for (const { testId } of tests)
      expect(await other.ended(testId)).toMatchObject({ status: Status.COMPLETED, attempts: 1 })
    expect(usedKeys().filter((key) => key === bad)).toHaveLength(1)
    for (const { testId } of waiting) {
      expect(await throttled.read(testId)).toMatchObject({ status: Status.PENDING, attempts: 0 })
      await throttled.cancel(testId)
    }
  })

  test('are four at once with a new key, and those that wait follow as soon as one ends', async () => {
    const { store, run, ended } = await newUser()
    const { keyId } = await store('sk-busy-0123456789')
    let [atOnce, most] = [0, 0]
    answer = (response) => {
      most = Math.max(most, ++atOnce)
      setTimeout(() => {
        atOnce -= 1
        hello(response)
      }, 100)
    }
    const first = await Promise.all(Array.from({ length: 12 }, () => run({ keyId })))
    await until('four to run', () => atOnce === 4)
    for (const { testId } of first) expect(await ended(testId)).toMatchObject({ status: Status.COMPLETED, attempts: 1 })
    // It grows by one after as many successes as it allows.
    expect(most).toBeLessThanOrEqual(6)
    expect(provider.journal).toHaveLength(12)
  })
})

test('keys are encrypted again with a new secret, and then need the former one no more', async () => {
  const [former, present] = ['a former secret of more than 32 chars', 'the present secret of more than 32 chars']
  const database = await testDatabase(schema)
  // Of its own, so that nobody else takes its jobs.
  await using queue = await startTestBroker()
  const start = (env: Record<string, string>) =>
    startTestRunner({ database, providerUrl: provider.url, natsUrl: queue.url, env })
  const secretOf = async () =>
    (await database.query<{ secret_id: string }>('select secret_id from provider_keys'))[0]!.secret_id
  const first = await start({ PF_PROVIDER_KEY_SECRET: former })
  const { providerKey } = await stubOf(first).createProviderKey(
    { provider: 'sandbox', name: 'Mine', key: KEY },
    { token: first.token },
  )
  const before = await secretOf()
  await first.stop()
  const second = await start({ PF_PROVIDER_KEY_SECRET: present, PF_PROVIDER_KEY_FORMER_SECRETS: former })
  await until('the key to be encrypted again', async () => (await secretOf()) !== before)
  await second.stop()
  const third = await start({ PF_PROVIDER_KEY_SECRET: present })
  answer = hello
  const { testId } = await third.run('Hello?', 'echo', { keyId: providerKey!.keyId })
  expect(await third.ended(testId)).toMatchObject({ status: Status.COMPLETED })
  expect(usedKeys()).toEqual([KEY])
  await third.stop()
  await database.drop()
})
