import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import type { UpdatePromptRequest } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { type Person, type PromptTest, startPromptService } from './harness.ts'

let service: PromptTest
let ann: Person

beforeAll(async () => {
  service = await startPromptService()
  ann = await service.person('ann')
})
afterAll(() => service.stop())

const update = (promptId: string, patch: Partial<UpdatePromptRequest>) =>
  service.prompts.updatePrompt({ promptId, changes: '', ...patch }, ann.as)
const numbers = (length: number) => Array.from({ length }, (_, index) => index)

describe('20 changes at once', () => {
  test('make versions 2 to 21 without a hole, and none is lost', async () => {
    const { id } = await service.create(ann)
    const answers = await Promise.all(numbers(20).map((n) => update(id, { content: `content ${n}` })))
    const made = answers.map(({ prompt }) => prompt!)
    expect(made.map(({ version }) => version).toSorted((a, b) => a - b)).toEqual(numbers(20).map((n) => n + 2))
    expect(new Set(made.map(({ content }) => content)).size).toBe(20)
    const { prompt } = await service.prompts.getPrompt({ promptId: id })
    expect(prompt).toEqual({ ...made.find(({ version }) => version === 21)!, publicFromVersion: undefined })
  })

  test('of different fields all arrive', async () => {
    const { id } = await service.create(ann)
    const patches = [{ title: 'T' }, { content: 'C' }, { description: 'D' }, { model: 'M' }, { category: 'legal' }]
    await service.whilePromptLocked(id, async (waiters) => {
      const running = patches.map((patch) => update(id, patch))
      await waiters(patches.length)
      await service.database.query('commit')
      await Promise.all(running)
    })
    const { prompt } = await service.prompts.getPrompt({ promptId: id })
    expect(prompt).toMatchObject({
      title: 'T',
      content: 'C',
      description: 'D',
      model: 'M',
      category: 'legal',
      version: 6,
    })
  })

  test('that make it what it is already make one version', async () => {
    const { id } = await service.create(ann)
    const answers = await Promise.all(numbers(20).map(() => update(id, { title: 'same' })))
    expect(answers.map(({ prompt }) => prompt!.version)).toEqual(numbers(20).map(() => 2))
  })

  test('never move updated_at backwards', async () => {
    const { id } = await service.create(ann)
    const answers = await Promise.all(numbers(20).map((n) => update(id, { title: `t ${n}` })))
    const inOrder = answers.map(({ prompt }) => prompt!).toSorted((a, b) => a.version - b.version)
    const times = inOrder.map(({ updatedAt }) => updatedAt!.getTime())
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })
})

describe('two changes with the same etag', () => {
  test.each(numbers(5))('leave exactly one winner (%i)', async () => {
    const { id } = await service.create(ann)
    const racers = ['one', 'other'].map((title) => update(id, { title, etag: '1' }))
    const settled = await Promise.allSettled(racers)
    const winners = settled.filter((result) => result.status === 'fulfilled')
    expect(winners).toHaveLength(1)
    const loser = settled.findIndex((result) => result.status === 'rejected')
    expect(await rejection(racers[loser]!)).toMatchObject({
      code: status.ABORTED,
      reason: 'ETAG_STALE',
      metadata: { etag: '2' },
    })
    const { prompt } = await service.prompts.getPrompt({ promptId: id })
    expect(prompt).toMatchObject({ version: 2, title: ['one', 'other'][1 - loser] })
  })
})

test('a change that waits longer than a second for the row is ABORTED and may be repeated', async () => {
  const { id } = await service.create(ann)
  await service.whilePromptLocked(id, async () => {
    const error = await rejection(update(id, { title: 'late' }))
    expect(error).toMatchObject({ code: status.ABORTED, reason: 'CONCURRENT_CHANGE', retryAfterMs: 100 })
  })
  expect((await update(id, { title: 'again' })).prompt).toMatchObject({ version: 2 })
})

test('a change of a prompt that is deleted meanwhile is NOT_FOUND', async () => {
  const { id } = await service.create(ann)
  await service.whilePromptLocked(id, async (waiters) => {
    const running = rejection(update(id, { title: 'late' }))
    await waiters(1)
    await service.database.query('update prompts set deleted_at = now() where id = $1', [id])
    await service.database.query('commit')
    expect(await running).toMatchObject({ code: status.NOT_FOUND })
  })
})
