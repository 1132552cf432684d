import { randomUUID } from 'node:crypto'
import { Metadata, status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { Prompt_Status, Variable_Type } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import { CreatePromptRequest } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { type Person, type PromptTest, startPromptService } from './harness.ts'

let service: PromptTest
let ann: Person

beforeAll(async () => {
  service = await startPromptService()
  ann = await service.person('ann')
})
afterAll(() => service.stop())

const request = (fields: Partial<CreatePromptRequest> = {}) =>
  CreatePromptRequest.fromPartial({ title: 'A title', content: 'Some content', ...fields })
const create = (fields: Partial<CreatePromptRequest> = {}, outgoing = ann.as) =>
  service.prompts.createPrompt(request(fields), outgoing)
const refused = (fields: Partial<CreatePromptRequest>, outgoing = ann.as) => rejection(create(fields, outgoing))
const stored = (title: string) => service.database.query('select * from prompts where title = $1', [title])

describe('CreatePrompt', () => {
  test('stores what is given, and answers with it', async () => {
    const variables = [
      { name: 'topic', type: Variable_Type.TEXT, description: 'What about', required: true, options: [] },
      { name: 'count', type: Variable_Type.NUMBER, description: '', required: false, options: [], defaultValue: '3' },
    ]
    const { prompt } = await create({
      title: 'Äpfel 🍏',
      content: 'Write about {{topic}}, {{count}} times',
      description: 'For essays',
      category: 'writing',
      tags: ['Zeta', 'alpha', 'ALPHA'],
      isPublic: false,
      status: Prompt_Status.DRAFT,
      variables,
      model: 'any',
    })
    expect(prompt).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      title: 'Äpfel 🍏',
      content: 'Write about {{topic}}, {{count}} times',
      description: 'For essays',
      category: 'writing',
      userId: ann.userId,
      username: 'ann',
      isPublic: false,
      version: 1,
      likesCount: 0,
      commentsCount: 0,
      ratingsCount: 0,
      forksCount: 0,
      tags: ['alpha', 'zeta'],
      variables,
      model: 'any',
      status: Prompt_Status.DRAFT,
      publicFromVersion: 1,
      createdAt: expect.any(Date),
      etag: '1',
    })
    expect(await service.prompts.getPrompt({ promptId: prompt!.id }, ann.as)).toMatchObject({ prompt })
  })

  test('makes a public, published prompt unless told otherwise, with null for what is not given', async () => {
    const { prompt } = await create({ title: 'bare' })
    expect(prompt).toMatchObject({ isPublic: true, status: Prompt_Status.PUBLISHED, tags: [], variables: [] })
    expect(await stored('bare')).toMatchObject([
      { description: null, category: null, model: null, updated_at: null, deleted_at: null, rating_avg: null },
    ])
  })

  test('needs a user', async () => {
    expect(await refused({ title: 'nobody' }, {})).toMatchObject({ code: status.UNAUTHENTICATED })
    expect(await stored('nobody')).toEqual([])
  })

  test('refuses a category that is not in the list', async () => {
    expect(await refused({ title: 'odd', category: 'no-such' })).toMatchObject({
      code: status.INVALID_ARGUMENT,
      reason: 'CATEGORY_UNKNOWN',
      violations: [{ field: 'category' }],
    })
    expect(await stored('odd')).toEqual([])
  })

  test('counts lengths in code points', async () => {
    const { prompt } = await create({ title: '👍'.repeat(200) })
    expect(prompt!.title).toBe('👍'.repeat(200))
    expect(await refused({ title: '👍'.repeat(201) })).toMatchObject({ violations: [{ field: 'title' }] })
  })

  test('names every field that breaks a rule', async () => {
    const error = await refused({ title: '', content: '', tags: [''], status: Prompt_Status.ARCHIVED })
    const fields = error.violations.map(({ field }) => field)
    expect(error.reason).toBe('VALIDATION_FAILED')
    expect(fields.toSorted()).toEqual(['content', 'status', 'tags[0]', 'title'])
  })

  test('reads titles, descriptions and tags without what nobody sees, and content as it is', async () => {
    const { prompt } = await create({
      title: '  Cafe\u0301 ',
      description: ' one\n\ttwo ',
      content: '  Cafe\u0301\u200b\n',
      tags: ['git ', ' GIT', 'git', 'Cafe\u0301', 'CAF\u00c9'],
    })
    expect(prompt).toMatchObject({
      title: 'Caf\u00e9',
      description: 'one\n\ttwo',
      content: '  Cafe\u0301\u200b\n',
      tags: ['caf\u00e9', 'git'],
    })
  })

  test.each([
    ['title', { title: ' ' }],
    ['title', { title: '\u200b' }],
    ['title', { title: 'two\nlines' }],
    ['title', { title: '\u202etxt.exe' }],
    ['description', { description: 'a\u0007b' }],
    ['tags[1]', { tags: ['fine', 'a\u200bb'] }],
    ['tags[0]', { tags: ['\u0130'.repeat(50)] }],
    [
      'variables[0].description',
      { variables: [{ name: 'a', type: Variable_Type.TEXT, description: 'a\0b', required: true, options: [] }] },
    ],
  ])('refuses a %s that cannot be seen as it is: %j', async (field, fields) => {
    expect((await refused(fields)).violations.map((violation) => violation.field)).toEqual([field])
  })

  test('takes 32 KiB of variables in all', async () => {
    const variables = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => ({
      name,
      type: Variable_Type.TEXT,
      description: '',
      required: false,
      options: [],
      defaultValue: 'x'.repeat(5000),
    }))
    expect(await refused({ variables })).toMatchObject({ violations: [{ field: 'variables' }] })
    await create({ variables: variables.slice(1) })
  })
})

describe('a request_id', () => {
  test('makes one prompt of 16 identical calls at once', async () => {
    const fields = { title: 'sixteen', requestId: randomUUID() }
    const answers = await Promise.all(Array.from({ length: 16 }, () => create(fields)))
    expect(await stored('sixteen')).toHaveLength(1)
    expect(new Set(answers.map(({ prompt }) => prompt!.id)).size).toBe(1)
  })

  test('answers with the prompt as it is now', async () => {
    const fields = { title: 'first', requestId: randomUUID() }
    const { prompt } = await create(fields)
    await service.prompts.updatePrompt({ promptId: prompt!.id, title: 'second', changes: '' }, ann.as)
    expect((await create(fields)).prompt).toMatchObject({ id: prompt!.id, title: 'second', version: 2 })
  })

  test('of a prompt that is deleted since is NOT_FOUND', async () => {
    const fields = { title: 'gone', requestId: randomUUID() }
    const { prompt } = await create(fields)
    await service.prompts.deletePrompt({ promptId: prompt!.id }, ann.as)
    expect(await refused(fields)).toMatchObject({ code: status.NOT_FOUND })
    expect(await stored('gone')).toHaveLength(1)
  })

  test('must not come again with another request', async () => {
    const requestId = randomUUID()
    await create({ title: 'one', requestId })
    expect(await refused({ title: 'other', requestId })).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'REQUEST_ID_REUSED',
    })
    expect(await stored('other')).toEqual([])
  })

  test('is each caller’s own', async () => {
    const bob = await service.person('bob')
    const fields = { title: 'same id', requestId: randomUUID() }
    const answers = [await create(fields), await create(fields, bob.as)]
    expect(new Set(answers.map(({ prompt }) => prompt!.id)).size).toBe(2)
  })

  test('may come as the Idempotency-Key header instead, and must not differ from it', async () => {
    const key = randomUUID()
    const metadata = () => {
      const headers = new Metadata()
      headers.set('idempotency-key', key)
      return headers
    }
    const first = await create({ title: 'header' }, { ...ann.as, metadata: metadata() })
    const again = await create({ title: 'header', requestId: key }, { ...ann.as, metadata: metadata() })
    expect(again.prompt!.id).toBe(first.prompt!.id)
    const other = { title: 'header', requestId: randomUUID() }
    expect(await refused(other, { ...ann.as, metadata: metadata() })).toMatchObject({
      code: status.INVALID_ARGUMENT,
      reason: 'REQUEST_ID_CONFLICT',
    })
  })
})
