import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { readOutbox } from '#chassis/testing/outbox.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { until } from '#chassis/testing/until.ts'
import { ListPromptsRequest, ListPromptsRequest_OrderBy } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { ListRatingsRequest } from '#contracts/gen/promptforge/prompt/v1/social_service.ts'
import { type Person, type PromptTest, startPromptService } from './harness.ts'

let service: PromptTest
let [ann, ben, cleo]: Person[] = []

beforeAll(async () => {
  service = await startPromptService()
  ;[ann, ben, cleo] = await Promise.all(['ann', 'ben', 'cleo'].map((name) => service.person(name)))
})
afterAll(() => service.stop())

const rate = (promptId: string, person: Person | undefined, rating: number, review = '') =>
  service.social.ratePrompt({ promptId, rating, review }, person?.as)
const remove = (promptId: string, person?: Person) => service.social.deleteRating({ promptId }, person?.as)
const list = async (promptId: string, person?: Person) =>
  service.social.listRatings(ListRatingsRequest.fromPartial({ promptId }), person?.as)
const get = (promptId: string, person?: Person) => service.prompts.getPrompt({ promptId }, person?.as)
const publicPrompt = async () => (await service.create(ann!, { title: 'Rated', category: 'writing' })).id
const emitted = async (promptId: string) =>
  (await readOutbox(service.database, promptId)).filter(({ name }) => name === 'prompt.rated')
const stored = (promptId: string) =>
  service.database.query('select user_id, rating from prompt_ratings where prompt_id = $1 order by id', [promptId])

describe('RatePrompt', () => {
  test('counts a rating, and GetPrompt shows it with the mean, which changes neither revision nor updated_at', async () => {
    const id = await publicPrompt()
    expect(await rate(id, ben, 5, '  Good for\nnotes. ')).toEqual({
      rating: {
        userId: ben!.userId,
        username: 'ben',
        rating: 5,
        review: 'Good for\nnotes.',
        verifiedPurchase: false,
        createdAt: expect.any(Date),
        updatedAt: undefined,
      },
      ratingsCount: 1,
      ratingAvg: 5,
    })
    expect(await rate(id, cleo, 2)).toMatchObject({ rating: { review: '' }, ratingsCount: 2, ratingAvg: 3.5 })
    const { prompt, myRating } = await get(id, ben)
    expect([prompt!.ratingsCount, prompt!.ratingAvg, prompt!.etag, prompt!.updatedAt]).toEqual([2, 3.5, '1', undefined])
    expect([myRating, (await get(id, ann)).myRating, (await get(id)).myRating]).toEqual([5, undefined, undefined])
  })

  test('replaces the caller’s rating and review, and says when', async () => {
    const id = await publicPrompt()
    const first = await rate(id, ben, 5, 'Good')
    await rate(id, cleo, 4)
    const second = await rate(id, ben, 1, 'No longer good')
    expect(second).toMatchObject({ rating: { rating: 1, review: 'No longer good' }, ratingsCount: 2, ratingAvg: 2.5 })
    expect(second.rating!.createdAt).toEqual(first.rating!.createdAt)
    expect(second.rating!.updatedAt!.getTime()).toBeGreaterThanOrEqual(first.rating!.createdAt!.getTime())
    expect((await rate(id, ben, 1)).rating).toMatchObject({ rating: 1, review: '' })
  })

  test('emits an event for each new number, and none for another review or the same again', async () => {
    const id = await publicPrompt()
    await rate(id, ben, 4, 'Fine')
    const { rating } = await rate(id, ben, 4, 'Better than I thought')
    expect(await rate(id, ben, 4, 'Better than I thought')).toMatchObject({ rating, ratingsCount: 1, ratingAvg: 4 })
    await rate(id, ben, 5, 'Better than I thought')
    const event = (stars: number) => ({
      metadata: { aggregateId: id, aggregateRevision: '1' },
      actor: { userId: ben!.userId, username: 'ben' },
      prompt: { ownerId: ann!.userId, visible: true, title: 'Rated', category: 'writing' },
      rating: stars,
    })
    expect((await emitted(id)).map(({ payload }) => payload)).toEqual([event(4), event(5)])
  })

  test('takes 1 to 5, and a review of 5,000 characters', async () => {
    const id = await publicPrompt()
    for (const rating of [0, 6, -1]) {
      expect(await rejection(rate(id, ben, rating))).toMatchObject({ violations: [{ field: 'rating' }] })
    }
    const tooLong = rejection(rate(id, ben, 3, '🍏'.repeat(5001)))
    expect(await tooLong).toMatchObject({ violations: [{ field: 'review' }] })
    expect((await rate(id, ben, 3, '🍏'.repeat(5000))).rating!.review).toHaveLength(10_000)
  })

  test('is FAILED_PRECONDITION for one’s own prompt, and changes nothing', async () => {
    const own = [await publicPrompt(), (await service.create(ann!, { isPublic: false })).id]
    for (const id of own) {
      expect(await rejection(rate(id, ann, 5))).toMatchObject({
        code: status.FAILED_PRECONDITION,
        reason: 'OWN_PROMPT',
      })
      expect([await stored(id), await emitted(id), (await get(id, ann)).prompt!.ratingsCount]).toEqual([[], [], 0])
    }
  })

  test('needs a signed-in user', async () => {
    expect(await rejection(rate(await publicPrompt(), undefined, 5))).toMatchObject({ reason: 'TOKEN_MISSING' })
  })

  test('never says the title of a private prompt, which its licensees may rate', async () => {
    const { id } = await service.create(ann!, { title: 'Secret', isPublic: false })
    await service.entitle(id, ben!.userId)
    await rate(id, ben, 5)
    expect((await emitted(id))[0]!.payload).toMatchObject({ prompt: { ownerId: ann!.userId }, rating: 5 })
    expect(JSON.stringify(await emitted(id))).not.toContain('Secret')
  })

  test('bears the present name of a user whose token has the former one', async () => {
    const dora = await service.person('dora')
    await service.database.query(`insert into authors (user_id, username, revision) values ($1, 'dorothea', 2)`, [
      dora.userId,
    ])
    const id = await publicPrompt()
    expect((await rate(id, dora, 5)).rating!.username).toBe('dorothea')
    expect((await emitted(id))[0]!.payload).toMatchObject({ actor: { username: 'dorothea' } })
  })

  test('moves the prompt in the order by rating', async () => {
    const tags = [`order-${randomUUID()}`]
    const [low, high] = [await service.create(ann!, { tags }), await service.create(ann!, { tags })]
    await rate(low.id, ben, 1)
    await rate(high.id, ben, 5)
    const orderBy = ListPromptsRequest_OrderBy.RATING
    await until('the order', async () => {
      await service.refresh()
      const { prompts } = await service.prompts.listPrompts(ListPromptsRequest.fromPartial({ tag: tags[0]!, orderBy }))
      return prompts.map(({ id }) => id).join() === [high.id, low.id].join()
    })
  })
})

describe('a verified purchase', () => {
  const isVerified = async (id: string, rating = 5) => (await rate(id, ben, rating)).rating!.verifiedPurchase

  test.each([
    ['holds a licence', {}],
    ['held one that was revoked', { active: false }],
    ['held one that has expired', { expiresAt: new Date(Date.now() - 1000) }],
  ])('is a rating by somebody who %s', async (_, fields) => {
    const id = await publicPrompt()
    await service.entitle(id, ben!.userId, fields)
    expect(await isVerified(id)).toBe(true)
    expect(await isVerified(id, 1)).toBe(true)
  })

  test('is none by somebody who has a licence for another prompt, or when somebody else has one', async () => {
    const id = await publicPrompt()
    await service.entitle(id, cleo!.userId)
    await service.entitle(await publicPrompt(), ben!.userId)
    expect(await isVerified(id)).toBe(false)
  })
})

describe('DeleteRating', () => {
  test('takes the caller’s rating back, once, and nobody else’s', async () => {
    const id = await publicPrompt()
    await rate(id, ben, 1)
    await rate(id, cleo, 4)
    expect(await remove(id, ben)).toEqual({})
    const { prompt, myRating } = await get(id, ben)
    expect([prompt!.ratingsCount, prompt!.ratingAvg, myRating]).toEqual([1, 4, undefined])
    const again = await rejection(remove(id, ben))
    expect(again).toMatchObject({ code: status.NOT_FOUND, message: 'no such rating' })
    expect(await stored(id)).toEqual([{ user_id: cleo!.userId, rating: 4 }])
    expect(await remove(id, cleo)).toEqual({})
    expect((await get(id)).prompt).toMatchObject({ ratingsCount: 0, ratingAvg: undefined })
  })
})

describe('ListRatings', () => {
  test('shows the newest first, with what all of them come to', async () => {
    const id = await publicPrompt()
    expect(await list(id)).toEqual({
      ratings: [],
      nextPageToken: '',
      summary: { count: 0, average: undefined, distribution: [0, 0, 0, 0, 0] },
    })
    const given = [
      await rate(id, ben, 5, 'Good'),
      await rate(id, cleo, 2),
      await rate(id, await service.person('dora'), 5),
    ]
    expect(await list(id, ann)).toEqual({
      ratings: given.map(({ rating }) => rating).toReversed(),
      nextPageToken: '',
      summary: { count: 3, average: 4, distribution: [0, 1, 0, 0, 2] },
    })
    await rate(id, ben, 1)
    const { ratings, summary } = await list(id)
    expect(ratings.at(-1)).toMatchObject({ userId: ben!.userId, rating: 1 })
    expect(summary).toEqual({ count: 3, average: 2.67, distribution: [1, 1, 0, 0, 1] })
  })
})

test('the counters are those of the ratings after a hundred of them come, change and go at once', async () => {
  const id = await publicPrompt()
  const people = await Promise.all(Array.from({ length: 10 }, (_, i) => service.person(`critic${i}`)))
  const calls = Array.from({ length: 100 }, (_, i) => {
    const person = people[(i * 7) % 10]
    return i % 3 === 2 ? remove(id, person).catch(() => undefined) : rate(id, person, 1 + ((i * 3) % 5))
  })
  await Promise.all(calls)
  const { prompt } = await get(id)
  const rows = await stored(id)
  const sum = rows.reduce((total: number, { rating }) => total + Number(rating), 0)
  const [counters] = await service.database.query('select ratings_count, ratings_sum from prompts where id = $1', [id])
  expect(counters).toEqual({ ratings_count: rows.length, ratings_sum: sum })
  expect(prompt!.ratingsCount).toBe(rows.length)
  const { summary } = await list(id)
  expect(summary!.distribution.reduce((total, count) => total + count, 0)).toBe(rows.length)
})
