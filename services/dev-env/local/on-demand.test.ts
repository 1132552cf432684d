import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import type { ChatProcess } from '../chat/start.ts'
import { OnDemand } from './on-demand.ts'

beforeAll(() => void jest.useFakeTimers())
afterAll(() => void jest.useRealTimers())

/** Processes that are counted, and that end when they are told to. */
function launcher() {
  const running = new Map<number, () => void>()
  let launched = 0
  const launch = async (): Promise<ChatProcess> => {
    const number = (launched += 1)
    const { promise: exited, resolve } = Promise.withResolvers<void>()
    const end = () => {
      running.delete(number)
      resolve()
    }
    running.set(number, end)
    return { url: String(number), exited, stop: async () => end() }
  }
  return { launch, running }
}

const url = async (process: Promise<ChatProcess>) => (await process).url

test('a process is started by the first use, serves all of them, and ends when there was none for a while', async () => {
  const { launch, running } = launcher()
  await using process = new OnDemand(launch, 20)
  expect([running.size, process.running]).toEqual([0, false])
  const { promise: long, resolve: finish } = Promise.withResolvers<void>()
  const used = process.use(() => long)
  expect(await Promise.all([process.use(url), process.use(url)])).toEqual(['1', '1'])
  await jest.advanceTimersByTimeAsync(60)
  expect(running.size).toBe(1) // it is in use
  finish()
  await used
  await jest.advanceTimersByTimeAsync(20)
  expect([running.size, process.running]).toEqual([0, false])
  expect(await process.use(url)).toBe('2')
})

test('one that has ended by itself is started again', async () => {
  const { launch, running } = launcher()
  await using process = new OnDemand(launch, 60_000)
  await process.use(url)
  running.get(1)!()
  await jest.advanceTimersByTimeAsync(0)
  expect(process.running).toBe(false)
  expect(await process.use(url)).toBe('2')
})

test('a start that fails is told to who waits for it, and the next use tries again', async () => {
  const { launch } = launcher()
  let fails = true
  await using process = new OnDemand(async () => {
    if (fails) throw new Error('no network')
    return launch()
  }, 60_000)
  await expect(process.use(url)).rejects.toThrow('no network')
  fails = false
  expect(await process.use(url)).toBe('1')
})

test('a start goes on when nobody waits for it any more, and is broken off by the stop', async () => {
  const { launch, running } = launcher()
  const { promise: brought, resolve: bring } = Promise.withResolvers<void>()
  const process = new OnDemand(async () => brought.then(launch), 20)
  await process.use(async () => undefined)
  await jest.advanceTimersByTimeAsync(60)
  bring()
  expect(await process.use(url)).toBe('1')
  await process.stop()
  expect(running.size).toBe(0)

  let isAborted = false
  const endless = new OnDemand(
    (signal) =>
      new Promise((_, reject) => {
        signal.onabort = () => {
          isAborted = true
          reject(signal.reason as Error)
        }
      }),
    20,
  )
  await endless.use(async () => undefined)
  await endless.stop()
  expect(isAborted).toBe(true)
})
