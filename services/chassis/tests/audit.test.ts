import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import { EVENTS } from '#contracts/events.ts'
import {
  AuditEntry_Action as Action,
  AuditEntry_Target_Kind as Kind,
} from '#contracts/gen/promptforge/audit/v1/audit.ts'
import { UserServiceService } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import { type AuditFacts, changesOf, nothingToAudit } from '../audit.ts'
import { commandCause, jobCause } from '../cause.ts'
import type { Call } from '../grpc/call.ts'
import { serve } from '../grpc/server.ts'
import { readAudits, readOutbox } from '../testing/outbox.ts'
import { rejection } from '../testing/rejection.ts'
import { startBare } from './harness.ts'

const USER = v7()
const facts = (action: Action = Action.ACCOUNT_DEACTIVATED): AuditFacts => ({
  action,
  target: { kind: Kind.USER, id: USER },
  subjectId: USER,
})

/** What the handler of DeactivateUser, which the contract says to be audited, does in a test. */
let handle: (call: Call) => Promise<unknown>
let bare: Awaited<ReturnType<typeof startBare>>

beforeAll(async () => {
  const handler = async (_: unknown, call: Call) => {
    await handle(call)
    return {}
  }
  const users = serve({ deactivateUser: UserServiceService.deactivateUser }, { deactivateUser: handler })
  bare = await startBare([users])
})
afterAll(() => bare.stop())

const deactivate = async (requestId: string) => {
  const token = await bare.identity.tokenFor({ userId: USER, username: 'ann' })
  const { stub, database } = bare
  await database.query('truncate outbox')
  return stub({ deactivateUser: UserServiceService.deactivateUser }).deactivateUser(
    { userId: USER },
    { token, requestId },
  )
}

const renamed = {
  metadata: { aggregateId: USER, aggregateRevision: 2n },
  username: 'a',
  previousUsername: 'b',
}

describe('a call of an audited method', () => {
  test('stores the entry with its change: who, in which request, and from where', async () => {
    handle = (call) =>
      call.transaction(async (_, emit) => emit.audit(EVENTS.userAudited, { ...facts(), reason: 'x'.repeat(501) }))
    await deactivate('request-9')
    const [entry, ...others] = await readAudits(bare.database)
    expect(others).toEqual([])
    expect(entry).toMatchObject({
      name: 'user.audited',
      headers: { 'Pf-Request-Id': 'request-9' },
      payload: {
        metadata: { aggregateId: USER },
        action: 'ACCOUNT_DEACTIVATED',
        actorId: USER,
        subjectId: USER,
        target: { kind: 'USER', id: USER },
        reason: 'x'.repeat(500),
        clientAddress: expect.stringMatching(/127\.0\.0\.1|::1/),
        userAgent: expect.stringMatching(/^grpc-node-js/),
      },
    })
  })

  test.each<[string, (call: Call) => Promise<unknown>]>([
    ['forgets it', (call) => call.transaction(async (_, emit) => emit(EVENTS.userRenamed, renamed))],
    [
      'writes another action',
      (call) => call.transaction(async (_, emit) => emit.audit(EVENTS.userAudited, facts(Action.ROLE_CHANGED))),
    ],
    ['has no transaction', () => Promise.resolve()],
  ])('whose handler %s fails, and nothing is stored', async (_, forgetful) => {
    handle = forgetful
    await bare.silenced(async () => {
      expect(await rejection(deactivate('request-1'))).toMatchObject({ code: status.INTERNAL })
    })
    expect([await readAudits(bare.database), await readOutbox(bare.database)]).toEqual([[], []])
  })

  test('that says that it repeats an earlier one owes none', async () => {
    handle = (call) => call.transaction(async () => nothingToAudit(call))
    await deactivate('request-1')
    expect(await readAudits(bare.database)).toEqual([])
  })
})

test('what nobody asked for is done by the service, and what an operator does, by the command', async () => {
  const { database } = bare.service.context
  await bare.database.query('truncate outbox')
  for (const cause of [jobCause('tidy up'), commandCause('admin')])
    await database.transaction(cause, async (_, emit) => emit.audit(EVENTS.userAudited, facts()))
  const actors = (await readAudits(bare.database)).map(({ payload }) => [payload['actorId'], payload['actorProcess']])
  expect(actors).toEqual([
    [undefined, 'service user'],
    [undefined, 'command admin'],
  ])
})

test('of what changed it is said what was before and after, and nothing of what did not change', () => {
  const at = new Date('2026-11-28T10:00:00.123Z')
  expect(changesOf({ role: ['USER', 'ADMIN'], same: [1, 1], revoked_at: [null, at], none: [null, undefined] })).toEqual(
    [
      { field: 'role', before: 'USER', after: 'ADMIN' },
      { field: 'revoked_at', before: '', after: '2026-11-28T10:00:00.123Z' },
    ],
  )
})
