import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import type { Outgoing } from '#chassis/grpc/client.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { EVENTS } from '#contracts/events.ts'
import {
  ListPromptEventsRequest,
  ListUserEventsRequest,
} from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import { type AnalyticsTest, eventOf, startAnalytics, viewsOf } from './harness.ts'

let service: AnalyticsTest
let ann: Outgoing
let bob: Outgoing
let admin: Outgoing
const owner = v7()
const reader = v7()

beforeAll(async () => {
  service = await startAnalytics()
  ann = await service.tokenOf(owner)
  bob = await service.tokenOf(reader)
  admin = await service.tokenOf(v7(), 'ADMIN')
})
beforeEach(() => service.clear())
afterAll(() => service.stop())

const DAY = 24 * 3_600_000
const NOT_FOUND = { code: status.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' }
const ago = (days: number) => new Date(Date.now() - days * DAY)

const ofUser = (request: Partial<ListUserEventsRequest>, as?: Outgoing) =>
  service.analytics.listUserEvents(ListUserEventsRequest.fromPartial({ userId: 'me', ...request }), as)
const ofPrompt = (request: Partial<ListPromptEventsRequest>, as?: Outgoing) =>
  service.analytics.listPromptEvents(ListPromptEventsRequest.fromPartial(request), as)

/** The ids on all pages; `between` runs after each. */
async function walk(
  page: (pageToken: string) => Promise<{ events: { eventId: string }[]; nextPageToken: string }>,
  between = async () => {},
) {
  const seen: string[] = []
  let pageToken = ''
  do {
    const { events, nextPageToken } = await page(pageToken)
    seen.push(...events.map(({ eventId }) => eventId))
    pageToken = nextPageToken
    await between()
  } while (pageToken !== '')
  return seen
}

/** Ids of what happened, as they are listed: the latest first, of the same time the one with the highest id. */
const newestFirst = (events: { id: string; at: Date }[]) =>
  events.toSorted((a, b) => b.at.getTime() - a.at.getTime() || (a.id < b.id ? 1 : -1)).map(({ id }) => id)

describe('the events of a user', () => {
  const signIn = (at: Date, about = owner) => ({ id: v7(), at, about })

  test('are what they did with their account, newest first, and nobody else’s', async () => {
    const registered = eventOf(EVENTS.userRegistered, { about: owner, at: ago(2), username: 'ann' })
    const renamed = eventOf(EVENTS.userRenamed, { about: owner, at: ago(1), username: 'anna' })
    await service.ingest(
      registered,
      renamed,
      eventOf(EVENTS.userSignedIn),
      eventOf(EVENTS.promptLiked, { actor: owner }),
    )
    expect((await ofUser({}, ann)).events).toEqual([
      { eventId: renamed.id, type: 'user.renamed', time: expect.any(Date), username: 'anna' },
      { eventId: registered.id, type: 'user.registered', time: expect.any(Date), username: 'ann' },
    ])
  })

  test('are for the user and administrators alone', async () => {
    await service.ingest(eventOf(EVENTS.userSignedIn, { about: owner }))
    expect(await rejection(ofUser({ userId: owner }, bob))).toMatchObject(NOT_FOUND)
    expect(await rejection(ofUser({ userId: owner }))).toMatchObject({ code: status.UNAUTHENTICATED })
    expect((await ofUser({ userId: owner }, admin)).events).toHaveLength(1)
  })

  test('are listed from start to before end, and of one type', async () => {
    const [start, end] = [ago(10), ago(5)]
    const times = [new Date(start.getTime() - 1), start, new Date(end.getTime() - 1), end]
    const all = times.map((at) => signIn(at))
    const renamed = eventOf(EVENTS.userRenamed, { about: owner, at: ago(7) })
    await service.ingest(...all.map((said) => eventOf(EVENTS.userSignedIn, said)), renamed)
    const ids = async (request: Partial<ListUserEventsRequest>) =>
      (await ofUser(request, ann)).events.map(({ eventId }) => eventId)
    expect(await ids({ start, end })).toEqual([all[2]!.id, renamed.id, all[1]!.id])
    expect(await ids({ start, end, type: 'user.renamed' })).toEqual([renamed.id])
    expect(await ids({ start })).toHaveLength(4)
    expect(await ids({ end })).toHaveLength(4)
    expect(await ids({ type: 'user.unheard_of' })).toEqual([])
  })

  test('are each on one page, many of the same time, while others come', async () => {
    const times = [ago(0.1), ago(1), ago(40), ago(70)]
    const all = Array.from({ length: 43 }, (_, index) => signIn(times[index % 4]!))
    await service.ingest(...all.map((said) => eventOf(EVENTS.userSignedIn, said)))
    const seen = await walk(
      (pageToken) => ofUser({ pageToken, pageSize: 5 }, ann),
      async () => void (await service.ingest(eventOf(EVENTS.userSignedIn, signIn(new Date())))),
    )
    expect(seen).toEqual(newestFirst(all))
  })

  test('of another list are not on the page of a token', async () => {
    await service.ingest(...[1, 2].map((days) => eventOf(EVENTS.userSignedIn, signIn(ago(days)))))
    const { nextPageToken: pageToken } = await ofUser({ pageSize: 1 }, ann)
    const refused = { code: status.INVALID_ARGUMENT, reason: 'PAGE_TOKEN_INVALID' }
    expect(await rejection(ofUser({ pageToken, start: ago(5) }, ann))).toMatchObject(refused)
    expect(await rejection(ofUser({ pageToken, type: 'user.renamed' }, ann))).toMatchObject(refused)
    expect(await rejection(ofUser({ pageToken }, bob))).toMatchObject(refused)
  })
})

describe('the events of a prompt', () => {
  const promptId = v7()
  const said = { about: promptId, owner }
  const types = async (request: Partial<ListPromptEventsRequest>, as: Outgoing) =>
    (await ofPrompt({ promptId, ...request }, as)).events.map(({ type }) => type)

  beforeEach(() => service.ingest(eventOf(EVENTS.promptCreated, { ...said, actor: owner, at: ago(3) })))

  test('are what happened to it, newest first, with who did it', async () => {
    const liked = eventOf(EVENTS.promptLiked, { ...said, actor: reader, username: 'bob', at: ago(2) })
    await service.ingest(liked, eventOf(EVENTS.versionCreated, { ...said, at: ago(1) }), eventOf(EVENTS.promptLiked))
    expect(await types({}, ann)).toEqual(['version.created', 'prompt.liked', 'prompt.created'])
    const [only] = (await ofPrompt({ promptId, type: 'prompt.liked' }, ann)).events
    expect(only).toEqual({
      eventId: liked.id,
      type: 'prompt.liked',
      time: expect.any(Date),
      userId: reader,
      username: 'bob',
    })
  })

  test('tell administrators, and not the owner, who read it', async () => {
    await service.ingest(viewsOf([{ ...said, actor: reader, username: 'bob' }]))
    const viewed = { promptId, type: 'prompt.viewed' }
    expect((await ofPrompt(viewed, ann)).events).toMatchObject([{ userId: '', username: '' }])
    expect((await ofPrompt(viewed, admin)).events).toMatchObject([{ userId: reader, username: 'bob' }])
  })

  test('are for the owner and administrators alone, of a deleted one for administrators', async () => {
    expect(await rejection(ofPrompt({ promptId }, bob))).toMatchObject(NOT_FOUND)
    expect(await rejection(ofPrompt({ promptId }))).toMatchObject({ code: status.UNAUTHENTICATED })
    expect(await types({}, admin)).toEqual(['prompt.created'])
    await service.ingest(eventOf(EVENTS.promptDeleted, { ...said, revision: 2, visible: false }))
    expect(await rejection(ofPrompt({ promptId }, ann))).toMatchObject(NOT_FOUND)
    expect(await types({}, admin)).toEqual(['prompt.deleted', 'prompt.created'])
    expect(await rejection(ofPrompt({ promptId: v7() }, admin))).toMatchObject(NOT_FOUND)
  })

  test('are each on one page, of many types at the same time, while others come', async () => {
    const kinds = [EVENTS.promptLiked, EVENTS.promptUnliked, EVENTS.promptRated, EVENTS.promptViewsRecorded]
    const times = [ago(0.1), ago(1), ago(40), ago(70)]
    const all = Array.from({ length: 60 }, (_, index) => ({ id: v7(), at: times[index % 3]!, kind: kinds[index % 4]! }))
    await service.ingest(...all.map(({ kind, ...one }) => eventOf(kind, { ...said, ...one })))
    const end = ago(0.01)
    const seen = await walk(
      (pageToken) => ofPrompt({ promptId, pageToken, pageSize: 7, end }, ann),
      async () => void (await service.ingest(eventOf(EVENTS.promptLiked, said))),
    )
    const created = seen.filter((id) => !all.some((one) => one.id === id))
    expect(created).toHaveLength(1)
    expect(seen.filter((id) => !created.includes(id))).toEqual(newestFirst(all))
  })
})

test.each([
  ['an end before the start', { start: ago(1), end: ago(2) }, ['']],
  ['a type that is none', { type: 'Prompt Liked' }, ['type']],
  ['a negative page', { pageSize: -1 }, ['page_size']],
  ['times of other centuries', { start: new Date('1999-01-01'), end: new Date('2100-01-01') }, ['end', 'start']],
])('%s is refused', async (_, request, fields) => {
  for (const error of [
    await rejection(ofUser(request, ann)),
    await rejection(ofPrompt({ promptId: v7(), ...request }, ann)),
  ]) {
    expect(error.code).toBe(status.INVALID_ARGUMENT)
    expect(error.violations.map(({ field }) => field).toSorted()).toEqual(fields)
  }
})
