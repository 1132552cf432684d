import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { until } from '#chassis/testing/until.ts'
import { Prompt_Status } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import { type Person, type PromptTest, startPromptService } from './harness.ts'

let service: PromptTest
let ann: Person

beforeAll(async () => {
  service = await startPromptService()
  ann = await service.person('ann')
})
afterAll(() => service.stop())

const list = async () => (await service.prompts.listCategories({})).categories
const counts = async () => {
  await service.refresh()
  const categories = await list()
  return Object.fromEntries(
    categories.filter(({ promptsCount }) => promptsCount !== 0).map(({ name, promptsCount }) => [name, promptsCount]),
  )
}
const countsBecome = (expected: Record<string, number>) =>
  until(`counts ${JSON.stringify(expected)}`, async () => {
    expect(await counts()).toEqual(expected)
    return true
  })

describe('ListCategories', () => {
  test('lists them by name, each with a title, for anybody', async () => {
    const categories = await list()
    const names = categories.map(({ name }) => name)
    expect(names.length).toBeGreaterThanOrEqual(15)
    expect(names).toEqual(names.toSorted())
    expect(names).toContain('writing')
    for (const { name, title } of categories) {
      expect(name).toMatch(/^[a-z-]{1,50}$/)
      expect(title).toMatch(/^.{1,100}$/)
    }
  })

  test('counts public, published prompts, wherever they move', async () => {
    const [a, b] = [await service.create(ann, { category: 'games' }), await service.create(ann, { category: 'games' })]
    await service.create(ann, { category: 'games', isPublic: false })
    await service.create(ann, { category: 'games', status: Prompt_Status.DRAFT })
    await service.create(ann)
    await countsBecome({ games: 2 })
    const update = (promptId: string, patch: object) =>
      service.prompts.updatePrompt({ promptId, changes: '', ...patch }, ann.as)
    await update(a.id, { category: 'legal' })
    await update(b.id, { status: Prompt_Status.ARCHIVED })
    await countsBecome({ legal: 1 })
    await update(b.id, { status: Prompt_Status.PUBLISHED })
    await update(a.id, { isPublic: false })
    await countsBecome({ games: 1 })
    await service.prompts.deletePrompt({ promptId: b.id }, ann.as)
    await countsBecome({})
  })
})
