import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { UUID } from 'mongodb'
import { v7 } from 'uuid'
import { contentHash } from '../version.ts'
import { AUTHOR, contentChanged, type Fields, startVersionService, type VersionTest, WRITTEN_AT } from './harness.ts'

let service: VersionTest

beforeAll(async () => {
  service = await startVersionService()
})
afterAll(() => service.stop())

const stored = (promptId: string) =>
  service.documents
    .find({ promptId: new UUID(promptId) })
    .sort({ version: 1 })
    .toArray()

/** What was told of the versions of a prompt, in order. */
const publishedOf = (promptId: string) =>
  service.published.filter(({ message }) => message.metadata!.aggregateId === promptId)

describe('the event of a version', () => {
  test('stores it as it was written', async () => {
    const promptId = v7()
    expect(await service.handle(contentChanged(promptId, 1))).toEqual([])
    const held = {
      title: 'A title',
      content: 'Content 1',
      description: 'What it is for',
      category: 'writing',
      variables: [{ name: 'text', type: 'TEXT', required: true }],
      model: 'a-model',
    }
    expect(await stored(promptId)).toMatchObject([
      {
        ...held,
        version: 1,
        contentHash: contentHash(held),
        userId: new UUID(AUTHOR.userId),
        username: 'ann',
        changes: 'Change 1',
        createdAt: WRITTEN_AT,
        visible: true,
      },
    ])
  })

  test('gives it its id, and is told of under that id, with what caused it', async () => {
    const promptId = v7()
    const event = contentChanged(promptId, 3)
    await service.handle(event)
    expect(await stored(promptId)).toMatchObject([{ versionId: new UUID(event.id) }])
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    expect(publishedOf(promptId)).toEqual([
      {
        id: event.id,
        headers: { traceparent, 'Pf-Request-Id': 'request-1' },
        message: {
          metadata: { aggregateId: promptId, aggregateRevision: 3n, occurredAt: WRITTEN_AT },
          actor: AUTHOR,
          version: 3,
          title: 'A title',
          category: 'writing',
        },
      },
    ])
  })

  test('is told of without the title when the prompt is not in lists for everyone', async () => {
    const promptId = await service.store([1], { visible: false })
    expect(publishedOf(promptId)).toMatchObject([{ message: { version: 1, title: '', category: '' } }])
  })

  test('that comes again changes nothing, whoever stores it and however often, and is told of again as the same', async () => {
    const promptId = v7()
    const event = contentChanged(promptId, 1)
    await service.handle(event)
    const [first] = await stored(promptId)
    const times = Array.from({ length: 5 }, () => service.handle(event, event))
    expect((await Promise.all(times)).flat()).toEqual([])
    expect(await stored(promptId)).toEqual([first])
    expect(publishedOf(promptId)).toEqual(Array(11).fill(publishedOf(promptId)[0]))
  })

  test('that brings a version under another id changes nothing: it keeps the id that it has', async () => {
    const promptId = v7()
    const event = contentChanged(promptId, 1)
    await service.handle(event)
    expect(await service.handle(contentChanged(promptId, 1))).toEqual([])
    expect(publishedOf(promptId).map(({ id }) => id)).toEqual([event.id, event.id])
  })

  test('that comes after `resync` has told the version adds the author’s words, and nothing takes them away', async () => {
    const promptId = v7()
    const told = contentChanged(promptId, 1, { changes: '' })
    await service.handle(told)
    await service.handle(contentChanged(promptId, 1))
    expect(await service.handle(told, contentChanged(promptId, 1, { changes: 'Other words' }))).toEqual([])
    expect(await stored(promptId)).toMatchObject([{ version: 1, changes: 'Change 1' }])
  })

  test('may come in any order', async () => {
    const orders = [
      [1, 2, 3],
      [3, 2, 1],
      [2, 3, 1],
      [3, 1, 2],
    ]
    for (const order of orders) {
      const promptId = v7()
      for (const version of order) expect(await service.handle(contentChanged(promptId, version))).toEqual([])
      expect((await stored(promptId)).map(({ version, content }) => [version, content])).toEqual([
        [1, 'Content 1'],
        [2, 'Content 2'],
        [3, 'Content 3'],
      ])
    }
  })

  test('that says something else of a version is refused, with ids and nothing of the content; those beside it are stored', async () => {
    const promptId = v7()
    await service.handle(contentChanged(promptId, 1))
    const others = [contentChanged(promptId, 1, { content: 'another secret' }), contentChanged(promptId, 2)]
    expect(await service.handle(...others)).toEqual([
      `version 1 of the prompt ${promptId} is there, and holds something else`,
    ])
    expect((await stored(promptId)).map(({ content }) => content)).toEqual(['Content 1', 'Content 2'])
    expect(publishedOf(promptId).map(({ message }) => message.version)).toEqual([1, 2])
  })

  test.each<[string, Fields]>([
    ['no metadata', { metadata: undefined }],
    ['no time', { metadata: { aggregateId: v7() } }],
    ['a time that there is not', { metadata: { aggregateId: v7(), occurredAt: new Date(Number.NaN) } }],
    ['no prompt', { metadata: { aggregateId: '', occurredAt: WRITTEN_AT } }],
    ['no author', { actor: undefined }],
    ['an author without an id', { actor: { userId: 'ann', username: 'ann' } }],
    ['no version', { version: 0 }],
  ])('with %s is refused', async (_, fields) => {
    const reasons = await service.handle(contentChanged(v7(), 1, fields))
    expect(reasons).toEqual(['it does not say of which prompt it is a version, by whom or when'])
  })

  test('with an id that is no UUID is refused', async () => {
    const promptId = v7()
    const reasons = await service.handle({ ...contentChanged(promptId, 1), id: 'first' })
    expect(reasons).toEqual(['it does not say of which prompt it is a version, by whom or when'])
    expect(await stored(promptId)).toEqual([])
  })
})
