import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import { whileLocked } from '#chassis/testing/lock-waits.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { EVENTS } from '#contracts/events.ts'
import {
  AuditEntry_Action as Action,
  AuditEntry_Target_Kind as Kind,
} from '#contracts/gen/promptforge/audit/v1/audit.ts'
import { AuditServiceService, ListAuditEntriesRequest } from '#contracts/gen/promptforge/audit/v1/audit_service.ts'
import { dropOldAuditEntries, makePartitions } from '../db/partitions.ts'
import { type AnalyticsTest, eventOf, type Said, startAnalytics } from './harness.ts'

let service: AnalyticsTest
let admin: Awaited<ReturnType<AnalyticsTest['tokenOf']>>

beforeAll(async () => {
  service = await startAnalytics()
  admin = await service.tokenOf(v7(), 'ADMIN')
})
afterAll(() => service.stop())

const DAY = 24 * 3_600_000
const FROM = { clientAddress: '203.0.113.7', userAgent: 'curl/8.9' }

type Entry = Said & { actorId?: string; subjectId?: string; action?: string; targetId?: string }

/** The event of a role that somebody gave to somebody else. */
const audited = ({ actorId = v7(), subjectId = v7(), action = 'ROLE_CHANGED', targetId = subjectId, ...said }: Entry) =>
  eventOf(EVENTS.userAudited, {
    ...said,
    about: targetId,
    more: {
      action,
      actorId,
      subjectId,
      target: { kind: 'USER', id: targetId },
      changes: [{ field: 'role', before: 'USER', after: 'ADMIN' }],
      ...FROM,
      ...said.more,
    },
  })

const list = (request: Partial<ListAuditEntriesRequest>, as = admin) =>
  service.stub(AuditServiceService).listAuditEntries(ListAuditEntriesRequest.fromPartial(request), as)
const entriesOf = async (request: Partial<ListAuditEntriesRequest>, as = admin) => (await list(request, as)).entries

describe('an entry', () => {
  test('is stored once, however often and by how many its event is handled, and says who did what to whom, when and from where', async () => {
    const [actorId, subjectId, at] = [v7(), v7(), new Date(Date.now() - DAY)]
    const event = { ...audited({ actorId, subjectId, at }), requestId: 'request-7' }
    await service.ingest(event, event)
    await Promise.all([service.ingest(event), service.ingest(event)])
    expect(await entriesOf({ actorId })).toEqual([
      {
        entryId: event.id,
        time: at,
        action: Action.ROLE_CHANGED,
        actorId,
        actorProcess: '',
        subjectId,
        target: { kind: Kind.USER, id: subjectId, name: '' },
        changes: [{ field: 'role', before: 'USER', after: 'ADMIN' }],
        reason: '',
        requestId: 'request-7',
        ...FROM,
      },
    ])
  })

  test('is counted in no statistics', async () => {
    await service.ingest(audited({}))
    expect(await service.database.query('select from platform_totals')).toEqual([])
    expect(await service.recount()).toEqual([])
  })

  test.each([
    ['an action that there is not', { action: 99 }],
    ['no target', { target: undefined }],
    ['an actor who is no UUID', { actorId: 'admin' }],
    ['too long an address', { clientAddress: 'a'.repeat(46) }],
  ])('with %s goes to the dead letters, and those beside it are stored', async (_, more) => {
    const targetId = v7()
    const refusals = await service.ingest(audited({ targetId, more }), audited({ targetId }))
    expect(refusals).toHaveLength(1)
    expect(await entriesOf({ targetId })).toHaveLength(1)
  })

  test('can be neither changed nor deleted, and of an erased user only the address and the user agent are removed', async () => {
    const actorId = v7()
    await service.ingest(audited({ actorId }))
    const refused = 'the audit log is append-only'
    for (const statement of [
      `update audit_entries set action = 'NOTHING' where actor_id = '${actorId}'`,
      `update audit_entries set client_address = '192.0.2.1' where actor_id = '${actorId}'`,
      `update audit_entries set client_address = null, actor_id = null where actor_id = '${actorId}'`,
      `delete from audit_entries where actor_id = '${actorId}'`,
      'truncate audit_entries',
    ])
      await expect(service.database.query(statement)).rejects.toThrow(refused)
    expect(await entriesOf({ actorId })).toMatchObject([FROM])

    await service.ingest(eventOf(EVENTS.userErased, { about: actorId }))
    await service.ingest(audited({ actorId }))
    const gone = { actorId, clientAddress: '', userAgent: '' }
    expect(await entriesOf({ actorId })).toMatchObject([gone, gone])
  })

  test('of somebody who is erased while it is being stored has neither address nor user agent', async () => {
    const [id, at, actorId] = [v7(), new Date(), v7()]
    // Whoever stores the same entry waits for what becomes of this one.
    const same = `insert into audit_entries (event_id, event_time, action, target_kind, target_id) values ($1, $2, 'X', 'USER', $1)`
    let storing: Promise<unknown> | undefined
    await whileLocked(service.database, [same, [id, at]], async (waiters) => {
      storing = service.ingest(audited({ id, at, actorId }))
      await waiters(1)
      await service.ingest(eventOf(EVENTS.userErased, { about: actorId }))
    })
    await storing
    expect(await entriesOf({ actorId })).toMatchObject([{ actorId, clientAddress: '', userAgent: '' }])
  })
})

describe('ListAuditEntries', () => {
  test('shows everyone what they did and what was done to them, and the address of nobody else', async () => {
    const [ann, ben] = [v7(), v7()]
    await service.ingest(
      audited({ actorId: ann, subjectId: ben }),
      audited({ actorId: ben, subjectId: ben }),
      audited({ actorId: ann, subjectId: ann }),
      audited({}),
    )
    const seenBy = async (userId: string, request = {}) =>
      (await entriesOf(request, await service.tokenOf(userId))).map((entry) => [
        entry.actorId,
        entry.subjectId,
        entry.clientAddress,
        entry.userAgent,
      ])
    const { clientAddress, userAgent } = FROM
    expect(new Set(await seenBy(ben))).toEqual(
      new Set([
        [ann, ben, '', ''],
        [ben, ben, clientAddress, userAgent],
      ]),
    )
    expect(await seenBy(ben, { actorId: ann })).toEqual([[ann, ben, '', '']])
    expect(await seenBy(v7())).toEqual([])
    expect(await seenBy(ben, { actorId: 'me' })).toEqual([[ben, ben, clientAddress, userAgent]])
  })

  test('lists newest first, page by page, each entry once, filtered by action, target and time', async () => {
    const [subjectId, now] = [v7(), Date.now()]
    const times = [0, 0, 1, 40, 40, 70].map((days) => new Date(now - days * DAY))
    const events = times.map((at) => audited({ subjectId, at }))
    await service.ingest(...events, audited({ subjectId, action: 'API_KEY_CREATED' }))
    const asked = { targetId: subjectId, action: Action.ROLE_CHANGED }
    for (const as of [admin, await service.tokenOf(subjectId)]) {
      const seen: string[] = []
      for (let pageToken = ''; ;) {
        const { entries, nextPageToken } = await list({ ...asked, pageSize: 2, pageToken }, as)
        seen.push(...entries.map(({ entryId }) => entryId))
        if (nextPageToken === '') break
        pageToken = nextPageToken
      }
      const byTime = events.map(({ id }, index) => ({ id, at: times[index]!.getTime() }))
      const inOrder = byTime.toSorted((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1)).map(({ id }) => id)
      expect(seen).toEqual(inOrder)
      expect(await entriesOf({ ...asked, start: new Date(now - 41 * DAY), end: new Date(now - DAY) }, as)).toHaveLength(
        2,
      )
    }
  })

  test('needs a signed-in user, no API key, and a page token of the same list', async () => {
    expect(await rejection(list({}, {} as typeof admin))).toMatchObject({ reason: 'TOKEN_MISSING' })
    const subjectId = v7()
    await service.ingest(audited({ subjectId }), audited({ subjectId }))
    const { nextPageToken: pageToken } = await list({ targetId: subjectId, pageSize: 1 })
    for (const other of [
      list({ pageToken }),
      list({ targetId: subjectId, pageToken }, await service.tokenOf(subjectId)),
    ])
      expect(await rejection(other)).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'PAGE_TOKEN_INVALID' })
    const bad = { actorId: 'admin', action: 99 as Action, start: new Date('2026-02-01'), end: new Date('2026-01-01') }
    expect(await rejection(list(bad))).toMatchObject({
      violations: [{ field: 'actor_id' }, { field: 'action' }, { field: '' }],
    })
  })
})

describe('the months of the audit log', () => {
  const monthAt = (daysAgo: number) => `${new Date(Date.now() - daysAgo * DAY).toISOString().slice(0, 7)}-01`
  const names = async () =>
    (
      await service.database.query<{ name: string }>(
        `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit_entries'::regclass`,
      )
    ).map(({ name }) => name)
  const nameOf = (month: string) => `audit_entries_${month.slice(0, 7).replace('-', '_')}`

  test('go when they ended 400 days ago, with what the default partition has of that time, and no sooner', async () => {
    const { database } = service.service.context
    const subjectId = v7()
    await service.ingest(
      ...[390, 450, 500].map((days) => audited({ subjectId, at: new Date(Date.now() - days * DAY) })),
    )
    const [old, older, young] = [monthAt(450), monthAt(500), monthAt(390)]
    await makePartitions(database, [old, young])
    expect(await names()).toEqual(expect.arrayContaining([nameOf(old), nameOf(young)]))
    expect(await entriesOf({ targetId: subjectId })).toHaveLength(3)

    expect(await dropOldAuditEntries(database)).toEqual([nameOf(old)])
    expect(await dropOldAuditEntries(database)).toEqual([])
    expect(await names()).toEqual(expect.arrayContaining([nameOf(young), 'audit_entries_default']))
    expect(await names()).not.toContain(nameOf(older))
    expect(await entriesOf({ targetId: subjectId })).toHaveLength(1)
  })
})
