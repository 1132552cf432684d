import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { readOutbox } from '#chassis/testing/outbox.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { type Person, type PromptTest, startPromptService } from './harness.ts'

let service: PromptTest
let [ann, ben]: Person[] = []

beforeAll(async () => {
  service = await startPromptService()
  ;[ann, ben] = await Promise.all(['ann', 'ben'].map((name) => service.person(name)))
})
afterAll(() => service.stop())

const like = (promptId: string, person?: Person) => service.social.likePrompt({ promptId }, person?.as)
const unlike = (promptId: string, person?: Person) => service.social.unlikePrompt({ promptId }, person?.as)
const stored = async (promptId: string) =>
  (await service.database.query('select user_id from prompt_likes where prompt_id = $1', [promptId])).map(
    ({ user_id }) => user_id,
  )
const emitted = async (promptId: string) =>
  (await readOutbox(service.database, promptId)).filter(({ name }) => /liked/.test(name))
const publicPrompt = async () => (await service.create(ann!, { title: 'Liked', category: 'writing' })).id

describe('LikePrompt', () => {
  test('counts a like once, however often it is called, and GetPrompt shows it', async () => {
    const id = await publicPrompt()
    expect(await like(id, ben)).toEqual({ likesCount: 1 })
    expect(await like(id, ben)).toEqual({ likesCount: 1 })
    expect(await like(id, ann)).toEqual({ likesCount: 2 })
    const { prompt, likedByMe } = await service.prompts.getPrompt({ promptId: id }, ben!.as)
    expect([prompt!.likesCount, likedByMe, prompt!.etag, prompt!.updatedAt]).toEqual([2, true, '1', undefined])
    expect(new Set(await stored(id))).toEqual(new Set([ann!.userId, ben!.userId]))
  })

  test('emits one event for each like, with what may be said of the prompt', async () => {
    const id = await publicPrompt()
    await like(id, ben)
    await like(id, ben)
    const facts = { ownerId: ann!.userId, visible: true, title: 'Liked', category: 'writing' }
    expect((await emitted(id)).map(({ name, payload }) => [name, payload])).toEqual([
      [
        'prompt.liked',
        {
          metadata: { aggregateId: id, aggregateRevision: '1' },
          actor: { userId: ben!.userId, username: 'ben' },
          prompt: facts,
        },
      ],
    ])
  })

  test('never says the title of a private prompt', async () => {
    const { id } = await service.create(ann!, { title: 'Secret', isPublic: false })
    await like(id, ann)
    expect((await emitted(id))[0]!.payload).toMatchObject({ prompt: { ownerId: ann!.userId } })
    expect(JSON.stringify(await emitted(id))).not.toContain('Secret')
  })

  test('is NOT_FOUND for a prompt that the caller may not read, and changes nothing', async () => {
    const { id: hidden } = await service.create(ann!, { isPublic: false })
    const deleted = await publicPrompt()
    await service.prompts.deletePrompt({ promptId: deleted }, ann!.as)
    for (const [id, person] of [
      [hidden, ben],
      [deleted, ben],
      [deleted, ann],
      [randomUUID(), ben],
    ] as const) {
      for (const call of [like, unlike]) {
        expect(await rejection(call(id, person))).toMatchObject({ code: status.NOT_FOUND, message: 'no such prompt' })
      }
      expect(await stored(id)).toEqual([])
      expect(await emitted(id)).toEqual([])
    }
  })

  test('needs a signed-in user, and an id', async () => {
    const id = await publicPrompt()
    expect(await rejection(like(id))).toMatchObject({ reason: 'TOKEN_MISSING' })
    expect(await rejection(like('x', ben))).toMatchObject({ violations: [{ field: 'prompt_id' }] })
  })
})

describe('UnlikePrompt', () => {
  test('takes a like back, and without one changes nothing', async () => {
    const id = await publicPrompt()
    expect(await unlike(id, ben)).toEqual({ likesCount: 0 })
    await like(id, ann)
    await like(id, ben)
    expect(await unlike(id, ben)).toEqual({ likesCount: 1 })
    expect(await unlike(id, ben)).toEqual({ likesCount: 1 })
    expect(await stored(id)).toEqual([ann!.userId])
    expect((await emitted(id)).map(({ name }) => name)).toEqual(['prompt.liked', 'prompt.liked', 'prompt.unliked'])
  })
})

test('the count is the number of likes after a hundred of them come and go at once', async () => {
  const id = await publicPrompt()
  const people = await Promise.all(Array.from({ length: 10 }, (_, i) => service.person(`fan${i}`)))
  const calls = Array.from({ length: 100 }, (_, i) => (i % 3 === 2 ? unlike : like)(id, people[(i * 7) % 10]))
  await Promise.all(calls)
  const { prompt } = await service.prompts.getPrompt({ promptId: id }, ann!.as)
  const rows = await stored(id)
  expect(prompt!.likesCount).toBe(rows.length)
  const steps = (await emitted(id)).map(({ name }) => (name === 'prompt.liked' ? 1 : -1))
  expect(steps.reduce((sum: number, step) => sum + step, 0)).toBe(rows.length)
})
