import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import { rejection } from '#chassis/testing/rejection.ts'
import { until } from '#chassis/testing/until.ts'
import { createArrivals } from '../arrivals.ts'
import { AUTHOR, contentChanged, startVersionService, type VersionTest, WRITTEN_AT } from './harness.ts'

let service: VersionTest

beforeAll(async () => {
  service = await startVersionService()
})
afterAll(() => service.stop())

const get = (promptId: string, version: number, knownHash?: string) =>
  service.versions.getVersion({ promptId, version, knownHash }, { timeoutMs: 10_000 })

describe('GetVersion', () => {
  test('answers with all that the version holds', async () => {
    const promptId = await service.store([1, 2])
    expect(await get(promptId, 1)).toMatchObject({
      notModified: false,
      version: {
        promptId,
        version: 1,
        title: 'A title',
        content: 'Content 1',
        description: 'What it is for',
        category: 'writing',
        variables: [{ name: 'text', type: 1, required: true }],
        model: 'a-model',
        ...AUTHOR,
        changes: 'Change 1',
        createdAt: WRITTEN_AT,
      },
    })
  })

  test('does not send what the caller knows', async () => {
    const promptId = await service.store([1])
    const { version } = await get(promptId, 1)
    expect(await get(promptId, 1, version!.contentHash)).toEqual({ version: undefined, notModified: true })
    expect(await get(promptId, 1, 'a'.repeat(64))).toMatchObject({ version: { version: 1 }, notModified: false })
  })

  test.each([0, 1, 4])('of version %s, which may not be read, is NOT_FOUND', async (version) => {
    const promptId = await service.store([1, 2, 3, 4])
    service.readable.set(promptId, [{ from: 2, to: 3 }])
    const { code } = await rejection(get(promptId, version))
    expect(code).toBe(version === 0 ? status.INVALID_ARGUMENT : status.NOT_FOUND)
    expect((await get(promptId, 3)).version!.version).toBe(3)
  })
})

describe('a version that is on its way', () => {
  test('is waited for, and answered as soon as it is stored', async () => {
    const promptId = await service.store([1])
    service.readable.set(promptId, [{ from: 1, to: 2 }])
    const answers = Promise.all(Array.from({ length: 10 }, () => get(promptId, 2)))
    await service.handle(contentChanged(promptId, 2))
    expect((await answers).map(({ version }) => version!.content)).toEqual(Array(10).fill('Content 2'))
  })

  test('is found also when another replica stores it', async () => {
    const other = await startVersionService({ database: service.database })
    const promptId = await service.store([1])
    service.readable.set(promptId, [{ from: 1, to: 2 }])
    const answer = get(promptId, 2)
    await other.handle(contentChanged(promptId, 2))
    expect((await answer).version!.content).toBe('Content 2')
    await other.stop()
  })

  test('is UNAVAILABLE, to be asked for again, when it does not arrive', async () => {
    const promptId = v7()
    service.readable.set(promptId, [{ from: 1, to: 1 }])
    expect(await rejection(get(promptId, 1))).toMatchObject({
      code: status.UNAVAILABLE,
      reason: 'VERSION_NOT_READY',
      retryAfterMs: 1000,
    })
  })
})

describe('a version that is missing', () => {
  const DAY = 24 * 3_600_000
  const ago = (ms: number) => new Date(Date.now() - ms)
  const codeOf = async (promptId: string, version: number) => (await rejection(get(promptId, version))).code

  test.each([
    ['less than a day ago is on its way', DAY - 60_000, status.UNAVAILABLE],
    ['more than a day ago is NOT_FOUND', DAY + 60_000, status.NOT_FOUND],
  ])('and was written %s', async (_, age, code) => {
    const promptId = v7()
    service.readable.set(promptId, [{ from: 1, to: 1 }])
    service.changedAt.set(promptId, ago(age))
    expect(await codeOf(promptId, 1)).toBe(code)
  })

  test('is as old as the first one after it that is there, however new the prompt is', async () => {
    const promptId = await service.store([2, 4])
    const metadata = { aggregateId: promptId, aggregateRevision: 6n, occurredAt: new Date() }
    await service.handle(contentChanged(promptId, 6, { metadata }))
    service.readable.set(promptId, [{ from: 1, to: 7 }])
    const codes = await Promise.all([1, 3, 5, 7].map((version) => codeOf(promptId, version)))
    const { NOT_FOUND, UNAVAILABLE } = status
    expect(codes).toEqual([NOT_FOUND, NOT_FOUND, UNAVAILABLE, UNAVAILABLE])
  })
})

describe('the waiting room', () => {
  const never = () => Promise.resolve(undefined)
  const version = { promptId: v7(), version: 1 }

  test('has room for 256: the next is told at once that there is nothing', async () => {
    const { wait } = createArrivals()
    const leaving = new AbortController()
    const waiting = Array.from({ length: 256 }, () => wait(version, never, leaving.signal))
    expect(await wait(version, () => Promise.reject(new Error('it looked')), leaving.signal)).toBeUndefined()
    leaving.abort()
    await Promise.all(waiting)
    expect(await wait(version, async () => 'room again', new AbortController().signal)).toBe('room again')
  })

  test('is left when the caller goes away', async () => {
    const { wait } = createArrivals()
    const gone = new AbortController()
    let isOver = false
    const waiting = wait(version, never, gone.signal).then(() => void (isOver = true))
    gone.abort()
    await until('the wait to end', () => isOver, 500)
    await waiting
  })

  test('wakes those who wait for what arrived, and nobody else', async () => {
    const { notify, wait } = createArrivals()
    const looked: string[] = []
    const leaving = new AbortController()
    const waitFor = (name: string, promptId: string, number: number) => {
      const look = async () => {
        looked.push(name)
        return leaving.signal.aborted ? undefined : name
      }
      return wait({ promptId, version: number }, look, leaving.signal)
    }
    const mine = waitFor('mine', version.promptId, 1)
    const others = [waitFor('another version', version.promptId, 2), waitFor('another prompt', v7(), 1)]
    notify(version.promptId, 1)
    expect(await mine).toBe('mine')
    expect(looked).toEqual(['mine'])
    leaving.abort()
    await Promise.all(others)
  })
})
