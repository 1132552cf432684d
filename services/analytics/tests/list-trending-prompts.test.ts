import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import { rejection } from '#chassis/testing/rejection.ts'
import { EVENTS } from '#contracts/events.ts'
import {
  ListTrendingPromptsRequest,
  ListTrendingPromptsRequest_Window as Window,
} from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import { refreshTrending } from '../db/trending-prompts.ts'
import type { WINDOWS } from '../trending.ts'
import { type AnalyticsTest, eventOf, type Said, startAnalytics, viewsOf } from './harness.ts'

let service: AnalyticsTest

beforeAll(async () => {
  service = await startAnalytics()
})
beforeEach(() => service.clear())
afterAll(() => service.stop())

const HOUR = 3_600_000
const DAY = 24 * HOUR
const ago = (ms: number) => new Date(Date.now() - ms)

/** The id of somebody who registered a year ago. */
const known = () => v7({ msecs: Date.now() - 365 * DAY })
const address = (n: number) => n.toString(16).padStart(32, '0')
const times = <T>(count: number, make: (n: number) => T) => Array.from({ length: count }, (_, n) => make(n))

/** A public prompt of an author. */
async function create(said: Said = {}) {
  const prompt = { about: v7(), owner: known(), ...said }
  await service.ingest(eventOf(EVENTS.promptCreated, prompt))
  return prompt
}

const list = (request: Partial<ListTrendingPromptsRequest> = {}) =>
  service.analytics.listTrendingPrompts(ListTrendingPromptsRequest.fromPartial(request))

/** What is trending now, with the scores of now. */
async function trending(window: keyof typeof WINDOWS = 'DAY') {
  await refreshTrending(service.service.context.database, window)
  return (await list({ window: Window[window] })).prompts
}
const ids = async (window?: keyof typeof WINDOWS) => (await trending(window)).map(({ promptId }) => promptId)
const scores = async (window?: keyof typeof WINDOWS) =>
  (await trending(window)).map(({ score }) => Number(score.toFixed(2)))

describe('a vote', () => {
  test('is of one reader and day: the action that weighs most', async () => {
    const prompt = await create()
    const [reader, other] = [known(), known()]
    await service.ingest(viewsOf(times(5, () => ({ ...prompt, actor: reader }))))
    expect(await scores()).toEqual([1])
    await service.ingest(eventOf(EVENTS.promptLiked, { ...prompt, actor: reader }))
    expect(await scores()).toEqual([3])
    await service.ingest(
      eventOf(EVENTS.promptForked, { ...prompt, actor: reader }),
      eventOf(EVENTS.promptCommented, { ...prompt, actor: reader }),
      eventOf(EVENTS.promptUnliked, { ...prompt, actor: reader }),
      eventOf(EVENTS.promptRated, { ...prompt, actor: other }),
      eventOf(EVENTS.promptCommented, { ...prompt, actor: other }),
    )
    expect(await scores()).toEqual([9])
  })

  test('comes again on another day, and is older then', async () => {
    const prompt = await create()
    const actor = known()
    await service.ingest(viewsOf([0, 1, 2].map((days) => ({ ...prompt, actor, at: ago(days * DAY) }))))
    const [score] = await scores('MONTH')
    expect(score).toBeGreaterThan(2.5)
    expect(score).toBeLessThan(3)
  })

  test('is one for each address of readers who are not signed in', async () => {
    const prompt = await create()
    await service.ingest(viewsOf(times(12, (n) => ({ ...prompt, actor: '', viewerHash: address(n % 3) }))))
    expect(await scores()).toEqual([3])
  })

  test('of the author is none', async () => {
    const prompt = await create()
    const own = { ...prompt, actor: prompt.owner }
    await service.ingest(viewsOf([own]), eventOf(EVENTS.promptLiked, own), eventOf(EVENTS.promptCommented, own))
    expect(await ids()).toEqual([])
  })

  test('weighs as a view in the first day of an account', async () => {
    const prompt = await create()
    const forkedBy = (hours: number) =>
      eventOf(EVENTS.promptForked, { ...prompt, actor: v7({ msecs: Date.now() - hours * HOUR }) })
    await service.ingest(forkedBy(0), forkedBy(23))
    expect(await scores()).toEqual([2])
    await service.ingest(forkedBy(25))
    expect(await scores()).toEqual([7])
  })

  test('loses half its weight in a quarter of the window, and all of it at its end', async () => {
    const [fresh, old, gone] = [await create(), await create(), await create()]
    const view = (prompt: Said, at: Date) => ({ ...prompt, actor: known(), at })
    await service.ingest(viewsOf([view(old, ago(6 * HOUR)), view(fresh, ago(0)), view(gone, ago(25 * HOUR))]))
    expect(await trending('DAY')).toMatchObject([
      { promptId: fresh.about, score: expect.closeTo(1, 2) },
      { promptId: old.about, score: expect.closeTo(0.5, 2) },
    ])
    expect(await ids('HOUR')).toEqual([fresh.about])
    expect(await ids('WEEK')).toEqual([fresh.about, old.about, gone.about])
  })

  test('of a clock that is ahead weighs no more than one of now', async () => {
    const prompt = await create()
    await service.ingest(viewsOf([{ ...prompt, actor: known(), at: ago(-20 * HOUR) }]))
    expect(await scores('HOUR')).toEqual([1])
  })
})

test('10,000 views from 10 addresses and all that 50 fresh accounts can do push a prompt as far as 60 readers do: 21 likes of older accounts are more', async () => {
  const [pushed, honest] = [await create(), await create()]
  const fresh = times(50, () => v7())
  const actions = [EVENTS.promptViewsRecorded, EVENTS.promptLiked, EVENTS.promptCommented, EVENTS.promptForked]
  await service.ingest(
    ...times(40, () => viewsOf(times(250, (n) => ({ ...pushed, actor: '', viewerHash: address(n % 10) })))),
    ...actions.flatMap((action) => fresh.map((actor) => eventOf(action, { ...pushed, actor }))),
    ...times(21, () => eventOf(EVENTS.promptLiked, { ...honest, actor: known() })),
  )
  expect(await trending()).toMatchObject([
    { promptId: honest.about, score: expect.closeTo(63, 0) },
    { promptId: pushed.about, score: expect.closeTo(60, 0) },
  ])
})

describe('a prompt', () => {
  const like = (prompt: Said) => service.ingest(eventOf(EVENTS.promptLiked, { ...prompt, actor: known() }))
  const update = (prompt: Said, said: Said) =>
    service.ingest(eventOf(EVENTS.promptUpdated, { ...prompt, actor: prompt.owner!, ...said }))

  test('is gone with the event that hides or deletes it, before scores are computed again', async () => {
    const [hidden, deleted] = [await create(), await create()]
    for (const prompt of [hidden, deleted]) await like(prompt)
    expect(await ids()).toHaveLength(2)
    await update(hidden, { revision: 2, visible: false })
    await service.ingest(eventOf(EVENTS.promptDeleted, { ...deleted, revision: 2, visible: false }))
    expect((await list()).prompts).toEqual([])
    await update(hidden, { revision: 3, visible: true })
    expect(await ids()).toEqual([hidden.about])
  })

  test('that was never public is not there', async () => {
    const prompt = await create({ visible: false })
    await service.ingest(viewsOf([{ ...prompt, visible: true, actor: known() }]))
    expect(await ids()).toEqual([])
  })

  test('and its author are called what they are called now', async () => {
    const prompt = await create({ title: 'Before', category: 'games' })
    const user = { about: prompt.owner }
    await service.ingest(eventOf(EVENTS.userRegistered, { ...user, username: 'ann' }))
    await service.ingest(viewsOf([{ ...prompt, title: 'Before', actor: known() }]))
    expect(await trending()).toMatchObject([
      { title: 'Before', category: 'games', userId: prompt.owner, username: 'ann' },
    ])
    await update(prompt, { revision: 3, title: 'After', category: 'legal' })
    await service.ingest(eventOf(EVENTS.userRenamed, { ...user, revision: 2, username: 'anna' }))
    // These come late.
    await update(prompt, { revision: 2, title: 'Between' })
    await service.ingest(eventOf(EVENTS.userSignedIn, { ...user, revision: 1, username: 'ann' }))
    // This has another kind of revision.
    await service.ingest(eventOf(EVENTS.userFollowed, { ...user, revision: 9, username: 'ann' }))
    expect((await list()).prompts).toMatchObject([{ title: 'After', category: 'legal', username: 'anna' }])
  })

  test('without a category, of an author of whom nothing has been heard, has neither', async () => {
    const prompt = await create()
    await update(prompt, { revision: 2, category: '' })
    await like(prompt)
    expect(await trending()).toMatchObject([{ title: 'A title', category: '', username: '' }])
  })
})

test('pages show each prompt once, also those of the same score, while scores are computed again', async () => {
  const prompts = await Promise.all(times(25, () => create()))
  await service.ingest(
    ...prompts.flatMap((prompt, n) =>
      times(1 + (n % 4), () => viewsOf([{ ...prompt, actor: known(), at: new Date() }])),
    ),
  )
  const all = await trending()
  expect(new Set(all.map(({ promptId }) => promptId)).size).toBe(20)
  const seen: string[] = []
  let pageToken = ''
  do {
    const page = await list({ pageSize: 4, pageToken })
    seen.push(...page.prompts.map(({ promptId }) => promptId))
    pageToken = page.nextPageToken
    await trending()
  } while (pageToken !== '')
  expect(seen.toSorted()).toEqual(prompts.map(({ about }) => about).toSorted())
})

test('a page token of another window is refused', async () => {
  for (const prompt of [await create(), await create()])
    await service.ingest(eventOf(EVENTS.promptLiked, { ...prompt, actor: known() }))
  await trending()
  const { nextPageToken: pageToken } = await list({ pageSize: 1 })
  expect((await list({ window: Window.DAY, pageSize: 1, pageToken })).prompts).toHaveLength(1)
  expect(await rejection(list({ window: Window.WEEK, pageToken }))).toMatchObject({
    code: status.INVALID_ARGUMENT,
    reason: 'PAGE_TOKEN_INVALID',
  })
  expect(await rejection(list({ window: 9 as never }))).toMatchObject({ code: status.INVALID_ARGUMENT })
})

test('a view whose hash of an address is none is refused', async () => {
  const message = viewsOf([{ actor: '', viewerHash: 'x'.repeat(32) }])
  expect(await service.ingest(message)).toEqual([
    { received: message, reason: 'its viewer_hash is not 32 hexadecimal digits' },
  ])
})
