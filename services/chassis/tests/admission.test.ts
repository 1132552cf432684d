import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Metadata, status } from '@grpc/grpc-js'
import { UserInternalServiceService, UserServiceService } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import {
  CheckAccessResponse,
  PromptInternalServiceService,
} from '#contracts/gen/promptforge/prompt/v1/prompt_internal_service.ts'
import { PromptServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import type { Call, PublicCall } from '../grpc/call.ts'
import { serve } from '../grpc/server.ts'
import { rejection } from '../testing/rejection.ts'
import type { TestService } from '../testing/service.ts'
import { startBare, Users } from './harness.ts'

const ID = '01890000-0000-7000-8000-000000000001'
const OTHER_ID = '01890000-0000-7000-8000-000000000002'
const Access = (({ checkAccess }) => ({ checkAccess }))(PromptInternalServiceService)
const ann = { userId: ID, username: 'ann' }

let calls: { request: unknown; call: PublicCall | Call }[] = []
const note = (request: unknown, call: PublicCall | Call) => void calls.push({ request, call })
let bare: TestService<object>

const reached = () => calls.length

beforeAll(async () => {
  const users = serve(Users, {
    getUser: async (request, call) => {
      note(request, call)
      return {}
    },
    batchGetUsers: async (request, call) => {
      note(request, call)
      return { users: [] }
    },
    updateUser: async (request, call) => {
      note(request, call)
      await call.currentAccount()
      return {}
    },
  })
  const prompts = serve(Access, {
    checkAccess: async (request, call) => {
      note(request, call)
      return CheckAccessResponse.create()
    },
  })
  bare = await startBare([users, prompts])
})
afterAll(() => bare.stop())

const users = (peer?: string) => bare.stub(UserServiceService, peer)
const reset = () => {
  calls = []
}

describe('a token', () => {
  test('makes its user the caller', async () => {
    reset()
    await users().getUser({ userId: OTHER_ID }, { token: await bare.identity.tokenFor(ann) })
    expect(calls[0]!.call.caller).toMatchObject({ userId: ID, username: 'ann', role: 'USER' })
  })

  test('that is bad is refused also where none is needed', async () => {
    reset()
    const expired = { exp: Math.floor(Date.now() / 1000) - 3600 }
    for (const token of ['nonsense', 'a.b.c', await expiredToken(expired)]) {
      const error = await rejection(users().getUser({ userId: ID }, { token }))
      expect(error).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'TOKEN_INVALID' })
    }
    expect(reached()).toBe(0)
  })

  test('of another audience or issuer is refused', async () => {
    for (const claims of [{ aud: 'somebody-else' }, { iss: 'https://elsewhere' }, { role: 'KING' }, { username: 7 }]) {
      const token = await bare.identity.tokenFor(ann, claims)
      expect(await rejection(users().getUser({ userId: ID }, { token }))).toMatchObject({ reason: 'TOKEN_INVALID' })
    }
  })

  test('is needed where the policy says USER', async () => {
    reset()
    const error = await rejection(users().updateUser({ userId: ID }))
    expect(error).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'TOKEN_MISSING' })
    expect(reached()).toBe(0)
  })
})

async function expiredToken(claims: Record<string, unknown>) {
  const { SignJWT, generateKeyPair } = await import('jose')
  const { privateKey } = await generateKeyPair('EdDSA')
  return new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', kid: 'unknown' }).sign(privateKey)
}

describe('`me`', () => {
  test('is the caller’s id by the time a handler sees it', async () => {
    reset()
    const token = await bare.identity.tokenFor(ann)
    await users().getUser({ userId: 'me' }, { token })
    await users().batchGetUsers({ userIds: [OTHER_ID, 'me'] }, { token })
    expect(calls.map(({ request }) => request)).toMatchObject([{ userId: ID }, { userIds: [OTHER_ID, ID] }])
  })

  test('without a token is UNAUTHENTICATED', async () => {
    expect(await rejection(users().getUser({ userId: 'me' }))).toMatchObject({ reason: 'TOKEN_MISSING' })
  })
})

describe('an internal method', () => {
  const internal = (peer: string) => bare.stub(Access, peer)

  test('answers the services that its policy names', async () => {
    for (const peer of ['version', 'test', 'marketplace']) {
      await expect(internal(peer).checkAccess({ promptId: ID })).resolves.toBeDefined()
    }
  })

  test('refuses every other peer: another service, the gateway, a person’s client', async () => {
    reset()
    for (const peer of ['analytics', 'user', 'gateway', 'client']) {
      const error = await rejection(internal(peer).checkAccess({ promptId: ID }))
      expect(error).toMatchObject({ code: status.PERMISSION_DENIED, reason: 'NOT_ALLOWED' })
    }
    expect(reached()).toBe(0)
  })
})

describe('a request', () => {
  test('is refused with every violation at once, by proto name', async () => {
    reset()
    const token = await bare.identity.tokenFor(ann)
    const request = { userId: 'x', firstName: 'a'.repeat(51), username: 'a b', bio: 'nul\0' }
    const error = await rejection(users().updateUser(request, { token }))
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'VALIDATION_FAILED' })
    expect(error.violations.map(({ field }) => field).sort()).toEqual(['bio', 'first_name', 'user_id', 'username'])
    expect(reached()).toBe(0)
  })

  test('counts code points, not UTF-16 units', async () => {
    const token = await bare.identity.tokenFor(ann)
    await users().updateUser({ userId: ID, firstName: '😀'.repeat(50) }, { token })
    const error = await rejection(users().updateUser({ userId: ID, firstName: '😀'.repeat(51) }, { token }))
    expect(error.violations.map(({ field }) => field)).toEqual(['first_name'])
  })

  test('that is not the message, or not UTF-8, is INVALID_ARGUMENT', async () => {
    const raw = { ...UserServiceService.getUser, requestSerialize: (bytes: unknown) => bytes as Buffer }
    const stub = bare.stub({ getUser: raw } as never) as unknown as { getUser(bytes: Buffer): Promise<unknown> }
    for (const bytes of [
      Buffer.from([0x0a, 0xff]),
      Buffer.from([0x0a, 0x02, 0xc3, 0x28]),
      Buffer.from([0x0a, 0x03, 0xed, 0xa0, 0x80]),
    ]) {
      const error = await rejection(stub.getUser(bytes))
      expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'MALFORMED_REQUEST' })
    }
  })
})

test('a token without its scheme is refused, also where none is needed', async () => {
  const metadata = new Metadata()
  metadata.set('authorization', await bare.identity.tokenFor(ann))
  const error = await rejection(users('gateway').getUser({ userId: ID }, { metadata }))
  expect(error).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'TOKEN_INVALID' })
})

describe('what the gateway says of the original request', () => {
  const header = (name: string, value: string) => {
    const metadata = new Metadata()
    metadata.set(name, value)
    return { metadata }
  }

  test('counts from the gateway: a query that repeats a path field is refused', async () => {
    for (const name of ['user_id', 'userId', 'user_id.x']) {
      const original = header('x-envoy-original-path', `/v1/users/${ID}?${name}=${OTHER_ID}`)
      const error = await rejection(users('gateway').getUser({ userId: OTHER_ID }, original))
      expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'PATH_FIELD_IN_QUERY' })
    }
    await users('gateway').getUser({ userId: ID }, header('x-envoy-original-path', `/v1/users/${ID}?x=1`))
  })

  test('is nothing but a claim from anybody else', async () => {
    reset()
    await users().getUser({ userId: ID }, header('x-envoy-original-path', `/v1/users/${ID}?user_id=${OTHER_ID}`))
    await users().getUser({ userId: ID }, header('x-envoy-external-address', '203.0.113.7'))
    await users('gateway').getUser({ userId: ID }, header('x-envoy-external-address', '203.0.113.7'))
    expect(calls.map(({ call }) => call.origin.address.replace('::ffff:', ''))).toEqual([
      '127.0.0.1',
      '127.0.0.1',
      '203.0.113.7',
    ])
  })
})

test('a deactivated account is refused where the role is read anew', async () => {
  bare.identity.setAccount(OTHER_ID, 'USER', false)
  const token = await bare.identity.tokenFor({ userId: OTHER_ID, username: 'gone' })
  expect(await rejection(users().updateUser({ userId: 'me' }, { token }))).toMatchObject({
    reason: 'ACCOUNT_DEACTIVATED',
  })
})

test('a service without all of its RPCs does not compile, and an unknown method is UNIMPLEMENTED', async () => {
  const error = await rejection(bare.stub(PromptServiceService).listCategories({}))
  expect(error.code).toBe(status.UNIMPLEMENTED)
  await expect(rejection(bare.stub(UserInternalServiceService).checkCaller({}))).resolves.toMatchObject({
    code: status.UNIMPLEMENTED,
  })
})
