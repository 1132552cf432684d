import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import { rejection } from '#chassis/testing/rejection.ts'
import { ListLabelChangesRequest, ListLabelsRequest } from '#contracts/gen/promptforge/version/v1/label_service.ts'
import { AUTHOR, contentChanged, startVersionService, type VersionTest, WRITTEN_AT } from './harness.ts'

let service: VersionTest
let owner: VersionTest['owner']
let other: { token: string }

beforeAll(async () => {
  service = await startVersionService()
  owner = service.owner
  other = { token: await service.identity.tokenFor({ userId: v7(), username: 'ben' }) }
})
afterAll(() => service.stop())

const set = (promptId: string, label: string, version: number, expectedSeq?: number) =>
  service.labels.setLabel({ promptId, label, version, expectedSeq }, owner)
const remove = (promptId: string, label: string, expectedSeq?: number) =>
  service.labels.removeLabel({ promptId, label, expectedSeq }, owner)
const get = (promptId: string, label: string, knownHash?: string) =>
  service.labels.getLabel({ promptId, label, knownHash })
const list = (fields: Partial<ListLabelsRequest>) => service.labels.listLabels(ListLabelsRequest.fromPartial(fields))
const history = (promptId: string, label: string, fields: Partial<ListLabelChangesRequest> = {}) =>
  service.labels.listLabelChanges(ListLabelChangesRequest.fromPartial({ ...fields, promptId, label }))

const NOT_FOUND = { code: status.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' }
const MOVED = { code: status.ABORTED, reason: 'LABEL_MOVED' }

describe('a label', () => {
  test('is set, moved and removed, and always names what it was set to last', async () => {
    const promptId = await service.store([1, 2, 3])
    const first = await set(promptId, 'production', 1)
    expect(first.label).toMatchObject({ name: 'production', version: 1, seq: 1, userId: AUTHOR.userId })
    expect(Date.now() - first.label!.movedAt!.getTime()).toBeLessThan(60_000)
    expect(await get(promptId, 'production')).toMatchObject({
      label: first.label,
      version: { promptId, version: 1, content: 'Content 1', variables: [{ name: 'text' }] },
      notModified: false,
    })
    expect((await set(promptId, 'production', 3)).label).toMatchObject({ version: 3, seq: 2 })
    expect((await get(promptId, 'production')).version).toMatchObject({ version: 3, content: 'Content 3' })
    expect(await remove(promptId, 'production')).toEqual({})
    expect(await rejection(get(promptId, 'production'))).toMatchObject(NOT_FOUND)
    expect(await rejection(remove(promptId, 'production'))).toMatchObject(NOT_FOUND)
    expect((await set(promptId, 'production', 2)).label).toMatchObject({ version: 2, seq: 4 })
    expect((await get(promptId, 'production')).version).toMatchObject({ version: 2 })
  })

  test('that is set to the version it names already is not changed', async () => {
    const promptId = await service.store([1])
    const { label } = await set(promptId, 'stable', 1)
    expect(await set(promptId, 'stable', 1)).toEqual({ label })
    expect((await history(promptId, 'stable')).changes).toHaveLength(1)
  })

  test('is one of its prompt: others have their own of that name', async () => {
    const [one, another] = [await service.store([1, 2]), await service.store([1, 2])]
    await set(one, 'stable', 1)
    await set(another, 'stable', 2)
    await set(one, 'stable-eu', 2)
    expect((await get(one, 'stable')).version).toMatchObject({ promptId: one, version: 1 })
    expect((await get(another, 'stable')).version).toMatchObject({ promptId: another, version: 2 })
  })

  test('changes only from what the caller saw, when the caller says what that was', async () => {
    const promptId = await service.store([1, 2])
    expect(await rejection(set(promptId, 'a', 1, 1))).toMatchObject({ ...MOVED, metadata: { seq: '0' } })
    expect((await set(promptId, 'a', 1, 0)).label!.seq).toBe(1)
    expect(await rejection(set(promptId, 'a', 1, 0))).toMatchObject({ ...MOVED, metadata: { seq: '1' } })
    expect(await rejection(remove(promptId, 'a', 2))).toMatchObject(MOVED)
    expect((await set(promptId, 'a', 2, 1)).label!.seq).toBe(2)
    await remove(promptId, 'a', 2)
    expect((await set(promptId, 'a', 1, 3)).label!.seq).toBe(4)
  })

  test.each(['a', 'v1.0', '1.0', '2026-11-27', '7z', 'a'.repeat(63)])('may be named %s', async (name) => {
    const promptId = await service.store([1])
    await set(promptId, name, 1)
    expect((await get(promptId, name)).label).toMatchObject({ name, version: 1 })
  })

  test.each(['', '1', '0042', '9'.repeat(63), 'A', 'é', '.a', '-a', '_a', 'a b', 'a/b', 'a'.repeat(64)])(
    'may not be named %j',
    async (name) => {
      const promptId = await service.store([1])
      const errors = await Promise.all([
        rejection(set(promptId, name, 1)),
        rejection(remove(promptId, name)),
        rejection(get(promptId, name)),
        rejection(history(promptId, name)),
      ])
      for (const error of errors) {
        expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, violations: [{ field: 'label' }] })
      }
    },
  )

  test('is not set to a version that is not there', async () => {
    const promptId = await service.store([1])
    expect(await rejection(set(promptId, 'next', 2))).toMatchObject(NOT_FOUND)
    service.readable.set(promptId, [{ from: 1, to: 2 }])
    expect(await rejection(set(promptId, 'next', 2))).toMatchObject({ reason: 'VERSION_NOT_READY' })
    const answer = set(promptId, 'next', 2)
    await service.handle(contentChanged(promptId, 2))
    expect((await answer).label).toMatchObject({ version: 2, seq: 1 })
  })
})

describe('`latest`', () => {
  test('names the head, without being set, and moves with it', async () => {
    const promptId = await service.store([1, 2])
    const label = { name: 'latest', version: 2, seq: 2, userId: AUTHOR.userId, movedAt: WRITTEN_AT }
    expect(await get(promptId, 'latest')).toMatchObject({ label, version: { version: 2, content: 'Content 2' } })
    service.readable.set(promptId, [{ from: 1, to: 3 }])
    const answer = get(promptId, 'latest')
    await service.handle(contentChanged(promptId, 3))
    expect((await answer).version).toMatchObject({ version: 3 })
    expect(await list({ promptId })).toEqual({ labels: [], nextPageToken: '' })
  })

  test('is nothing to who may not read the head', async () => {
    const promptId = await service.store([1, 2])
    service.readable.set(promptId, [{ from: 1, to: 1 }])
    service.heads.set(promptId, 2)
    expect(await rejection(get(promptId, 'latest'))).toMatchObject(NOT_FOUND)
  })

  test('is never set or removed', async () => {
    const promptId = await service.store([1])
    for (const call of [set(promptId, 'latest', 1), remove(promptId, 'latest'), history(promptId, 'latest')]) {
      expect(await rejection(call)).toMatchObject({ code: status.INVALID_ARGUMENT, violations: [{ field: 'label' }] })
    }
  })
})

describe('what the caller has already', () => {
  test('is not sent again, but which version it is', async () => {
    const promptId = await service.store([1])
    await service.handle(contentChanged(promptId, 2, { content: 'Content 1' }))
    service.readable.set(promptId, [{ from: 1, to: 2 }])
    await set(promptId, 'production', 1)
    const { contentHash: known } = (await get(promptId, 'production')).version!
    const unmodified = { version: undefined, notModified: true }
    expect(await get(promptId, 'production', known)).toMatchObject({ ...unmodified, label: { version: 1, seq: 1 } })
    await set(promptId, 'production', 2)
    expect(await get(promptId, 'production', known)).toMatchObject({ ...unmodified, label: { version: 2, seq: 2 } })
    expect(await get(promptId, 'production', 'a'.repeat(64))).toMatchObject({ version: { version: 2 } })
  })
})

describe('only the owner', () => {
  test('sets and removes labels: the prompt is not there for others to change, and nobody changes it without signing in', async () => {
    const promptId = await service.store([1])
    await set(promptId, 'production', 1)
    const key = { promptId, label: 'production' }
    expect(await rejection(service.labels.setLabel({ ...key, version: 1 }, other))).toMatchObject(NOT_FOUND)
    expect(await rejection(service.labels.removeLabel(key, other))).toMatchObject(NOT_FOUND)
    expect(await rejection(service.labels.setLabel({ ...key, version: 1 }))).toMatchObject({ reason: 'TOKEN_MISSING' })
    expect(await rejection(service.labels.removeLabel(key))).toMatchObject({ reason: 'TOKEN_MISSING' })
    expect((await get(promptId, 'production')).label).toMatchObject({ version: 1, seq: 1 })
  })
})

describe('who may not read a version', () => {
  test('sees nothing of its labels, as if they did not exist', async () => {
    const promptId = await service.store([1, 2, 3])
    for (const version of [1, 2, 3]) await set(promptId, `v${version}`, version)
    service.readable.set(promptId, [{ from: 2, to: 2 }])
    const absent = await rejection(get(promptId, 'never'))
    for (const label of ['v1', 'v3']) {
      const { code, reason, message } = await rejection(get(promptId, label))
      expect({ code, reason, message }).toEqual({ ...NOT_FOUND, message: absent.message })
      expect(await history(promptId, label)).toEqual(await history(promptId, 'never'))
    }
    expect((await list({ promptId })).labels.map(({ name }) => name)).toEqual(['v2'])
    service.readable.delete(promptId)
    const hidden = await rejection(service.versions.getVersion({ promptId, version: 2 }))
    for (const call of [get(promptId, 'v2'), get(promptId, 'never'), list({ promptId }), history(promptId, 'v2')]) {
      expect(await rejection(call)).toMatchObject({ ...NOT_FOUND, message: hidden.message })
    }
    for (const call of [set(promptId, 'v2', 1), remove(promptId, 'v2')]) {
      expect(await rejection(call)).toMatchObject({ ...NOT_FOUND, message: hidden.message })
    }
  })

  test('sees of a history what leads to versions that are readable, or away from them', async () => {
    const promptId = await service.store([1, 2, 3])
    for (const version of [1, 2, 3, 2]) await set(promptId, 'production', version)
    await remove(promptId, 'production')
    await set(promptId, 'production', 1)
    await remove(promptId, 'production')
    service.readable.set(promptId, [{ from: 2, to: 2 }])
    expect(moves(await history(promptId, 'production'))).toEqual([
      [5, 2, undefined],
      [4, undefined, 2],
      [2, undefined, 2],
    ])
  })
})

describe('ListLabels', () => {
  test('shows what labels name, by name, in pages of any size', async () => {
    const promptId = await service.store([1, 2])
    const names = ['a', 'b.1', 'b.2', 'b_1', 'c', 'd', 'e']
    for (const name of names.toReversed()) await set(promptId, name, 1)
    await set(promptId, 'c', 2)
    await set(promptId, 'b', 1)
    await set(promptId, 'z', 1)
    await remove(promptId, 'b')
    await remove(promptId, 'z')
    const expected = names.map((name) => ({ name, version: name === 'c' ? 2 : 1, seq: name === 'c' ? 2 : 1 }))
    for (const pageSize of [1, 3, 7, 100]) {
      const pages = []
      let pageToken = ''
      do {
        const page = await list({ promptId, pageSize, pageToken })
        pages.push(page.labels)
        pageToken = page.nextPageToken
      } while (pageToken)
      expect(pages.flat()).toMatchObject(expected)
      expect(pages).toHaveLength(Math.ceil(7 / pageSize))
    }
  })
})

describe('ListLabelChanges', () => {
  test('shows who moved a label, when, from where and to where, the newest first, in pages of any size', async () => {
    const promptId = await service.store([1, 2, 3])
    for (const version of [1, 3, 2]) await set(promptId, 'production', version)
    await remove(promptId, 'production')
    await set(promptId, 'production', 2)
    const expected = [
      [5, undefined, 2],
      [4, 2, undefined],
      [3, 3, 2],
      [2, 1, 3],
      [1, undefined, 1],
    ]
    const { changes } = await history(promptId, 'production')
    for (const { userId, createdAt } of changes) {
      expect(userId).toBe(AUTHOR.userId)
      expect(Date.now() - createdAt!.getTime()).toBeLessThan(60_000)
    }
    for (const pageSize of [1, 2, 5, 100]) {
      const pages = []
      let pageToken = ''
      do {
        const page = await history(promptId, 'production', { pageSize, pageToken })
        pages.push(moves(page))
        pageToken = page.nextPageToken
        // What is moved meanwhile does not shift the pages.
        if (pageToken) await set(promptId, 'other', (pages.length % 2) + 1)
      } while (pageToken)
      expect(pages.flat()).toEqual(expected)
      expect(pages).toHaveLength(Math.ceil(5 / pageSize))
    }
  })

  test('of a label that never was is empty', async () => {
    const promptId = await service.store([1])
    expect(await history(promptId, 'never')).toEqual({ changes: [], nextPageToken: '' })
  })
})

test('a page token is good for the same list alone', async () => {
  const promptId = await service.store([1, 2])
  for (const version of [1, 2]) for (const name of ['a', 'b']) await set(promptId, name, version)
  const ofLabels = (await list({ promptId, pageSize: 1 })).nextPageToken
  const ofChanges = (await history(promptId, 'a', { pageSize: 1 })).nextPageToken
  const another = await service.store([1])
  for (const call of [
    list({ promptId: another, pageToken: ofLabels }),
    list({ promptId, pageToken: ofChanges }),
    history(promptId, 'b', { pageToken: ofChanges }),
    history(promptId, 'a', { pageToken: ofLabels }),
  ]) {
    expect(await rejection(call)).toMatchObject({ reason: 'PAGE_TOKEN_INVALID' })
  }
})

/** Of each change: its number, from and to. */
const moves = ({ changes }: Awaited<ReturnType<typeof history>>) => changes.map(({ seq, from, to }) => [seq, from, to])
