import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { status } from '@grpc/grpc-js'
import {
  CheckAccessResponse,
  PromptInternalServiceService,
} from '#contracts/gen/promptforge/prompt/v1/prompt_internal_service.ts'
import { GetPromptResponse, PromptServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { UserServiceService } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import type { PublicCall } from '../grpc/call.ts'
import { serve } from '../grpc/server.ts'
import { rejection } from '../testing/rejection.ts'
import type { TestService } from '../testing/service.ts'
import { startBare } from './harness.ts'

const ID = '01890000-0000-7000-8000-000000000001'
const KEY = '01890000-0000-7000-8000-00000000000a'
const ann = { userId: ID, username: 'ann' }

// By the contract: anyone reads a prompt or a user, the first with a scope; a user deletes a prompt with a scope, and changes a profile
// and a role without one.
const Prompts = (({ getPrompt, deletePrompt }) => ({ getPrompt, deletePrompt }))(PromptServiceService)
const Access = (({ checkAccess }) => ({ checkAccess }))(PromptInternalServiceService)
const Users = (({ getUser, updateUser, setUserRole }) => ({ getUser, updateUser, setUserRole }))(UserServiceService)

let calls: PublicCall[] = []
let bare: TestService<object>

beforeAll(async () => {
  const note = async (_: unknown, call: PublicCall) => {
    calls.push(call)
    return {}
  }
  const getPrompt = async (request: unknown, call: PublicCall) => {
    await note(request, call)
    return GetPromptResponse.create()
  }
  const checkAccess = async (request: unknown, call: PublicCall) => {
    await note(request, call)
    return CheckAccessResponse.create()
  }
  bare = await startBare([
    serve(Prompts, { getPrompt, deletePrompt: note }),
    serve(Users, { getUser: note, updateUser: note, setUserRole: note }),
    serve(Access, { checkAccess }),
  ])
})
afterAll(() => bare.stop())
beforeEach(() => {
  calls = []
})

const prompts = () => bare.stub(Prompts)
const users = () => bare.stub(Users)
const tokenWith = (scope: string, more: object = {}) =>
  bare.identity.tokenFor(ann, { scope, client_id: KEY, ...more }).then((token) => ({ token }))
const missing = (scope: string) => ({ code: status.PERMISSION_DENIED, reason: 'SCOPE_MISSING', metadata: { scope } })
const closed = { code: status.PERMISSION_DENIED, reason: 'NOT_ALLOWED', message: expect.stringContaining('API key') }

describe('a token that was made from an API key', () => {
  test('stands for its user where the key has the scope that the method names, also one of several', async () => {
    for (const scope of ['prompts:read', 'market prompts:read']) {
      await prompts().getPrompt({ promptId: ID }, await tokenWith(scope))
    }
    await prompts().deletePrompt({ promptId: ID }, await tokenWith('prompts:write'))
    expect(calls.map(({ caller }) => caller)).toMatchObject([ann, ann, ann])
    expect(calls[2]!.caller!.apiKey).toEqual({ id: KEY, scopes: new Set(['prompts:write']) })
  })

  test('is refused without that scope, which the error names, also where no token is needed', async () => {
    const reading = await tokenWith('prompts:read tests:run')
    expect(await rejection(prompts().deletePrompt({ promptId: ID }, reading))).toMatchObject(missing('PROMPTS_WRITE'))
    for (const scope of ['prompts:write', '', 'prompts', 'PROMPTS_READ', 'unknown:scope', '*']) {
      const error = await rejection(prompts().getPrompt({ promptId: ID }, await tokenWith(scope)))
      expect(error).toMatchObject(missing('PROMPTS_READ'))
    }
    expect(calls).toEqual([])
  })

  test('is refused before the request is looked at', async () => {
    const error = await rejection(prompts().deletePrompt({ promptId: 'x' }, await tokenWith('prompts:read')))
    expect(error).toMatchObject(missing('PROMPTS_WRITE'))
  })

  test('is refused where a user or an administrator is needed and no scope is named, whatever its scopes', async () => {
    const all = await tokenWith('prompts:read prompts:write tests:run market', { role: 'ADMIN' })
    expect(await rejection(users().updateUser({ userId: 'me' }, all))).toMatchObject(closed)
    expect(await rejection(users().setUserRole({ userId: KEY, role: 1 }, all))).toMatchObject(closed)
    expect(calls).toEqual([])
  })

  test('is nobody’s where anyone may call and no scope is named, and is not sent on', async () => {
    const all = await tokenWith('prompts:read prompts:write')
    await users().getUser({ userId: ID }, all)
    expect([calls[0]!.caller, calls[0]!.origin.inherited.token]).toEqual([undefined, undefined])
    await expect(calls[0]!.currentAccount()).rejects.toMatchObject(closed)
    expect(await rejection(users().getUser({ userId: 'me' }, all))).toMatchObject(closed)
  })

  test('stands for its user between services, and is sent on to them', async () => {
    const { token } = await tokenWith('prompts:read')
    await prompts().getPrompt({ promptId: ID }, { token })
    const forwarded = calls[0]!.origin.inherited.token!
    expect(forwarded).toBe(token)
    await bare.stub(Access, 'version').checkAccess({ promptId: ID }, { token: forwarded })
    expect(calls[1]!.caller).toMatchObject(ann)
  })

  test('is no valid token when it does not say which key, or which scopes', async () => {
    for (const claims of [{ scope: 'prompts:read' }, { client_id: KEY }, { scope: 7, client_id: KEY }]) {
      const token = await bare.identity.tokenFor(ann, claims)
      expect(await rejection(prompts().getPrompt({ promptId: ID }, { token }))).toMatchObject({
        code: status.UNAUTHENTICATED,
        reason: 'TOKEN_INVALID',
      })
    }
  })
})

test('who signed in needs no scope', async () => {
  const token = await bare.identity.tokenFor(ann)
  await prompts().getPrompt({ promptId: ID }, { token })
  await prompts().deletePrompt({ promptId: ID }, { token })
  await users().updateUser({ userId: 'me' }, { token })
  expect(calls.map(({ caller }) => caller!.apiKey)).toEqual([undefined, undefined, undefined])
})
