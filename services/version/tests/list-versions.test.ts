import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import { rejection } from '#chassis/testing/rejection.ts'
import {
  ListVersionsRequest,
  ListVersionsRequest_View as View,
} from '#contracts/gen/promptforge/version/v1/version_service.ts'
import { contentChanged, startVersionService, type VersionTest } from './harness.ts'

let service: VersionTest

beforeAll(async () => {
  service = await startVersionService()
})
afterAll(() => service.stop())

// A page with content is two megabytes, and the tests share their MongoDB: how long that takes is not what is tested.
const list = (fields: Partial<ListVersionsRequest>) =>
  service.versions.listVersions(ListVersionsRequest.fromPartial(fields), { timeoutMs: 30_000 })

/** The versions of each page. */
async function walk(fields: Partial<ListVersionsRequest>, between = async () => {}) {
  const pages: number[][] = []
  let pageToken = ''
  do {
    const page = await list({ ...fields, pageToken })
    pages.push(page.versions.map(({ version }) => version))
    pageToken = page.nextPageToken
    await between()
  } while (pageToken !== '')
  return pages
}

const to = (last: number) => Array.from({ length: last }, (_, index) => index + 1)
const newestFirst = (last: number) => to(last).toReversed()

describe('ListVersions', () => {
  test('shows the newest first, without content and variables unless asked for', async () => {
    const promptId = await service.store(to(3))
    const { versions } = await list({ promptId })
    expect(versions.map(({ version }) => version)).toEqual([3, 2, 1])
    expect(versions[0]).toMatchObject({ promptId, title: 'A title', content: '', variables: [], changes: 'Change 3' })
    expect(await list({ promptId, view: View.BASIC })).toEqual(await list({ promptId }))
    const full = await list({ promptId, view: View.FULL })
    expect(full.versions[0]).toMatchObject({ content: 'Content 3', variables: [{ name: 'text' }] })
    expect(full.versions[0]!.contentHash).toBe(versions[0]!.contentHash)
  })

  test('shows each version once, in pages of any size', async () => {
    const promptId = await service.store(to(12))
    for (const view of [View.BASIC, View.FULL]) {
      for (const pageSize of [1, 5, 6, 12, 100]) {
        const pages = await walk({ promptId, pageSize, view })
        expect(pages.flat()).toEqual(newestFirst(12))
        expect(pages).toHaveLength(Math.ceil(12 / pageSize))
      }
    }
  })

  test('shows a version that was there throughout once, while others are written', async () => {
    const promptId = await service.store(to(6))
    let next = 7
    const write = async () => void (await service.handle(contentChanged(promptId, next++)))
    expect((await walk({ promptId, pageSize: 2 }, write)).flat()).toEqual(newestFirst(6))
  })

  test('shows only what may be read, over holes as well', async () => {
    const promptId = await service.store(to(9))
    const ranges = [
      { from: 2, to: 3 },
      { from: 5, to: 5 },
      { from: 8, to: 9 },
    ]
    service.readable.set(promptId, ranges)
    expect(await walk({ promptId })).toEqual([[9, 8, 5, 3, 2]])
    expect(await walk({ promptId, pageSize: 2 })).toEqual([[9, 8], [5, 3], [2]])
  })

  test('follows what may be read from page to page', async () => {
    const promptId = await service.store(to(6))
    const { nextPageToken } = await list({ promptId, pageSize: 3 })
    service.readable.set(promptId, [{ from: 5, to: 6 }])
    expect(await list({ promptId, pageSize: 3, pageToken: nextPageToken })).toEqual({ versions: [], nextPageToken: '' })
    service.readable.delete(promptId)
    const gone = await rejection(list({ promptId, pageSize: 3, pageToken: nextPageToken }))
    expect(gone).toMatchObject({ code: status.NOT_FOUND })
  })

  test('of a prompt without versions as yet is empty; of one that may not be read it is NOT_FOUND', async () => {
    const promptId = v7()
    expect(await rejection(list({ promptId }))).toMatchObject({ code: status.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' })
    service.readable.set(promptId, [{ from: 1, to: 1 }])
    expect(await list({ promptId })).toEqual({ versions: [], nextPageToken: '' })
  })
})

describe('a page with content', () => {
  const halfMegabyte = 'é'.repeat(262_144)

  test('ends at 2 MiB, and the next goes on from there', async () => {
    const promptId = await service.store(to(8), { content: halfMegabyte })
    expect(await walk({ promptId, view: View.FULL })).toEqual([
      [8, 7, 6],
      [5, 4, 3],
      [2, 1],
    ])
    expect(await walk({ promptId })).toEqual([newestFirst(8)])
  })

  test('has one version at least', async () => {
    const promptId = await service.store(to(2), { content: halfMegabyte.repeat(5) })
    expect(await walk({ promptId, view: View.FULL })).toEqual([[2], [1]])
  })
})

describe('a page token', () => {
  test('is good for the same list alone', async () => {
    const [promptId, other] = [await service.store(to(4)), await service.store(to(4))]
    const { nextPageToken: pageToken } = await list({ promptId, pageSize: 2 })
    expect((await list({ promptId, pageSize: 1, pageToken })).versions).toHaveLength(1)
    const wrong: Partial<ListVersionsRequest>[] = [
      { promptId: other, pageToken },
      { promptId, view: View.FULL, pageToken },
      { promptId, pageToken: `${pageToken}A` },
    ]
    for (const fields of wrong) {
      const error = await rejection(list(fields))
      expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'PAGE_TOKEN_INVALID' })
    }
  })
})
