import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { UUID } from 'mongodb'
import { v7 } from 'uuid'
import { encodeEvent } from '#chassis/events/envelope.ts'
import type { OutboxStore } from '#chassis/events/outbox-store.ts'
import { EVENTS } from '#contracts/events.ts'
import { VersionCreated } from '#contracts/gen/promptforge/version/v1/version_events.ts'
import { versionOutbox } from '../db/outbox.ts'
import { AUTHOR, contentChanged, startVersionService, type VersionTest, WRITTEN_AT } from './harness.ts'

let service: VersionTest
let outbox: OutboxStore

beforeAll(async () => {
  service = await startVersionService()
  outbox = versionOutbox(service.service.context)
})
afterAll(() => service.stop())
afterEach(() => service.documents.deleteMany({}))

/** Stores versions of a prompt, written a millisecond after one another, in this order. */
async function write(versions: number[], promptId = v7()) {
  for (const version of versions) {
    const occurredAt = new Date(WRITTEN_AT.getTime() + version)
    const metadata = { aggregateId: promptId, aggregateRevision: 1n, occurredAt }
    await service.handle(contentChanged(promptId, version, { metadata }))
  }
  return promptId
}

const versionsOf = (rows: Awaited<ReturnType<OutboxStore['read']>>) => rows.map(({ payload }) => payload['version'])
const idsOf = async () => (await outbox.read(undefined, [])).map(({ id }) => id)

describe('the outbox', () => {
  test('has for each version the event that it was stored, under the version’s id', async () => {
    const promptId = await service.store([3])
    const [row] = await outbox.read(undefined, [])
    const { versionId } = (await service.documents.findOne({}))!
    expect(row).toMatchObject({ id: versionId.toString(), occurredAt: WRITTEN_AT, attempts: 0 })
    expect(row!.headers).toMatchObject({ 'Pf-Request-Id': 'request-1' })
    const event = VersionCreated.decode(encodeEvent(EVENTS.versionCreated as never, row!))
    expect(event).toEqual({
      metadata: { aggregateId: promptId, aggregateRevision: 3n, occurredAt: WRITTEN_AT },
      actor: AUTHOR,
      version: 3,
      title: 'A title',
      category: 'writing',
    })
  })

  test('tells nothing of what is not in lists for everyone', async () => {
    await service.store([1], { visible: false })
    const [row] = await outbox.read(undefined, [])
    expect(row!.payload).not.toHaveProperty('title')
    expect(row!.payload).not.toHaveProperty('category')
    expect(JSON.stringify(row)).not.toContain('Content 1')
  })

  test('is read in the order in which versions were written, from any point', async () => {
    await write([5, 2, 4, 1, 3])
    const rows = await outbox.read(undefined, [])
    expect(versionsOf(rows)).toEqual([1, 2, 3, 4, 5])
    expect(rows.map(({ id }) => id)).toEqual(rows.map(({ id }) => id).toSorted())
    expect(versionsOf(await outbox.read(rows[2]!.id, []))).toEqual([4, 5])
    expect(await outbox.read(rows[4]!.id, [])).toEqual([])
    expect(await outbox.read(undefined, ['PF_VERSION'])).toEqual([])
  })

  test('is read page by page to the end, also when all was written in one millisecond', async () => {
    const [first] = (await write([1]), await service.documents.find().toArray())
    const { _id: _, ...document } = first!
    const written = Array.from({ length: 450 }, (_row, index) => ({
      ...document,
      version: index + 2,
      versionId: new UUID(v7({ msecs: document.createdAt.getTime() })),
    }))
    await service.documents.insertMany(written)
    const seen: unknown[] = []
    for (let rows = await outbox.read(undefined, []); rows.length > 0; rows = await outbox.read(rows.at(-1)!.id, [])) {
      expect(rows.length).toBeLessThanOrEqual(200)
      seen.push(...versionsOf(rows))
    }
    expect(seen.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 451 }, (_row, i) => i + 1))
    expect(await outbox.waiting()).toEqual({ rows: 451, oldest: document.createdAt })
    await outbox.markPublished((await idsOf()).slice(0, 200))
    expect((await outbox.waiting()).rows).toBe(251)
  })

  test('has no more what was published, until it is replayed', async () => {
    await write([1, 2, 3])
    const [first, second] = await idsOf()
    await outbox.markPublished([first!, second!])
    expect(versionsOf(await outbox.read(undefined, []))).toEqual([3])
    expect((await service.documents.findOne({ version: 1 }))!.publishedAt).toBeInstanceOf(Date)
    expect(await outbox.replay(new Date(WRITTEN_AT.getTime() + 2))).toBe(1)
    expect(versionsOf(await outbox.read(undefined, []))).toEqual([2, 3])
  })

  test('counts refusals, and keeps what was given up without offering it again', async () => {
    await write([1, 2])
    const [first] = await idsOf()
    await outbox.markRefused([first!])
    await outbox.markRefused([first!])
    expect((await outbox.read(undefined, [])).map(({ attempts }) => attempts)).toEqual([2, 0])
    await outbox.markAbandoned([first!])
    expect(versionsOf(await outbox.read(undefined, []))).toEqual([2])
    expect((await outbox.waiting()).rows).toBe(1)
    expect(await service.documents.findOne({ version: 1 })).toMatchObject({
      publishedAt: null,
      abandonedAt: expect.any(Date),
    })
  })

  test('is empty when nothing waits', async () => {
    expect(await outbox.waiting()).toEqual({ rows: 0, oldest: undefined })
  })
})
