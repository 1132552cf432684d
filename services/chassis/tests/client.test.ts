import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Metadata, status } from '@grpc/grpc-js'
import { UserServiceService } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import { aborted, AppError, exhausted, invalid, notFound, unavailable } from '../errors.ts'
import type { PublicCall } from '../grpc/call.ts'
import { forward, type Stub } from '../grpc/client.ts'
import { serve } from '../grpc/server.ts'
import { capturedLog } from '../testing/captured-log.ts'
import { rejection } from '../testing/rejection.ts'
import type { TestService } from '../testing/service.ts'
import { startBare, Users } from './harness.ts'

const ID = '01890000-0000-7000-8000-000000000001'

const { log, records } = capturedLog()
let bare: TestService<object>
let token: string
let users: Stub<typeof UserServiceService>
let calls: PublicCall[]
/** How the service answers, or fails to. */
let answer: (call: PublicCall) => Promise<void>

beforeAll(async () => {
  const handle = async (call: PublicCall) => {
    calls.push(call)
    await answer(call)
  }
  const services = serve(Users, {
    getUser: async (_, call) => {
      await handle(call)
      return {}
    },
    // Stands for a service that asks another one on a caller's behalf: here, itself.
    batchGetUsers: async (_, call) => {
      await users.getUser({ userId: ID }, forward(call.origin))
      return { users: [] }
    },
    updateUser: async (_, call) => {
      await handle(call)
      return {}
    },
  })
  bare = await startBare([services], { overrides: { log } })
  users = bare.stub(UserServiceService)
  token = await bare.identity.tokenFor({ userId: ID, username: 'ann' })
})
afterAll(() => bare.stop())
beforeEach(() => {
  calls = []
  answer = () => Promise.resolve()
})

const failOnce = () => (calls.length < 2 ? Promise.reject(unavailable('a test')) : Promise.resolve())
const never = () => new Promise<void>(() => undefined)

describe('when the service is unavailable', () => {
  test('a call that the contract calls free of side effects is repeated', async () => {
    answer = failOnce
    await users.getUser({ userId: ID })
    expect(calls).toHaveLength(2)
  })

  test('it is repeated once only: one that ends its server would end a third', async () => {
    answer = () => Promise.reject(unavailable('a test'))
    expect(await rejection(users.getUser({ userId: ID }))).toMatchObject({ code: status.UNAVAILABLE })
    expect(calls).toHaveLength(2)
  })

  test('a call that changes something is not', async () => {
    answer = failOnce
    expect(await rejection(users.updateUser({ userId: ID }, { token }))).toMatchObject({ code: status.UNAVAILABLE })
    expect(calls).toHaveLength(1)
  })
})

describe('what another service answers reaches the caller', () => {
  const violation = { field: 'user_id', description: 'is odd' }
  test.each([
    invalid([violation]),
    notFound('user'),
    new AppError(status.ALREADY_EXISTS, 'EMAIL_TAKEN', 'it exists', { metadata: { field: 'email' } }),
    new AppError(status.PERMISSION_DENIED, 'NOT_ALLOWED', 'not for you'),
    new AppError(status.UNAUTHENTICATED, 'TOKEN_INVALID', 'sign in again'),
    exhausted('OVERLOADED', 'it works at its limit', 700),
    new AppError(status.FAILED_PRECONDITION, 'REQUEST_ID_REUSED', 'it was used'),
    aborted('CONCURRENT_CHANGE', 'something was in the way', { retryAfterMs: 100 }),
  ])('as it is: $reason', async (said) => {
    answer = () => Promise.reject(said)
    const heard = await rejection(users.batchGetUsers({ userIds: [ID] }))
    const { code, reason, message, violations, retryAfterMs } = said
    expect(heard).toMatchObject({ code, reason, message, violations, retryAfterMs })
    expect(heard.metadata).toMatchObject(said.metadata)
  })

  test('with the name of the service when it is unavailable', async () => {
    answer = () => Promise.reject(unavailable('the database'))
    const heard = await rejection(users.batchGetUsers({ userIds: [ID] }))
    expect(heard).toMatchObject({ code: status.UNAVAILABLE, message: 'the prompt service does not answer' })
    const failed = records.filter(({ method }) => String(method).endsWith('BatchGetUsers'))
    expect(failed.at(-1)).toMatchObject({ level: 'warn', msg: 'call failed', code: 'UNAVAILABLE' })
  })

  test('as a fault when it is one', async () => {
    answer = () => Promise.reject(new Error('a bug'))
    const heard = await rejection(users.batchGetUsers({ userIds: [ID] }))
    expect(heard).toMatchObject({ code: status.INTERNAL, reason: 'INTERNAL_ERROR' })
  })
})

describe('a call that a call causes', () => {
  test('is made with the same user, request id and trace', async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
    const outgoing = { token, requestId: 'request-7' }
    const metadata = Metadata.fromHttp2Headers({ traceparent: `00-${trace}-00f067aa0ba902b7-01` })
    await users.batchGetUsers({ userIds: [ID] }, { ...outgoing, metadata })
    const [caused] = calls
    expect(caused!.caller).toMatchObject({ userId: ID, username: 'ann' })
    expect(caused!.origin.requestId).toBe('request-7')
    expect(String(caused!.origin.inherited.call.metadata.get('traceparent')[0])).toContain(trace)
  })

  test('has no more time than is left', async () => {
    answer = never
    const end = Date.now() + 400
    const error = await rejection(users.batchGetUsers({ userIds: [ID] }, { timeoutMs: 400 }))
    expect(error.code).toBe(status.DEADLINE_EXCEEDED)
    expect(Number(calls[0]!.origin.inherited.call.getDeadline())).toBeLessThan(end)
  })

  test('ends when the one that waits for it goes away', async () => {
    answer = never
    await rejection(users.batchGetUsers({ userIds: [ID] }, { timeoutMs: 300 }))
    const { signal } = calls[0]!
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    expect(signal.aborted).toBe(true)
  })
})
