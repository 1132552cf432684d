import { expect, test } from '@jest/globals'
import { createSemaphore } from './semaphore.ts'

const stays = new AbortController().signal

/** A task that says when it began and ends when it is told. */
function task(begun: string[], name: string) {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const run = () => {
    begun.push(name)
    return promise
  }
  return { run, end: () => resolve(name), fail: () => reject(new Error(name)) }
}

test('so many run at once, the others wait in the order in which they came', async () => {
  const semaphore = createSemaphore(2, 10)
  const begun: string[] = []
  const tasks = ['a', 'b', 'c', 'd'].map((name) => task(begun, name))
  const results = tasks.map(({ run }) => semaphore.run(run, stays))
  await Promise.resolve()
  expect(begun).toEqual(['a', 'b'])
  tasks[1]!.end()
  await results[1]
  await Promise.resolve()
  expect(begun).toEqual(['a', 'b', 'c'])
  for (const { end } of tasks) end()
  expect(await Promise.all(results)).toEqual(['a', 'b', 'c', 'd'])
})

test('a task that fails gives its turn to the next', async () => {
  const semaphore = createSemaphore(1, 10)
  const begun: string[] = []
  const [first, second] = [task(begun, 'first'), task(begun, 'second')]
  const results = [semaphore.run(first.run, stays), semaphore.run(second.run, stays)]
  first.fail()
  await expect(results[0]).rejects.toThrow('first')
  second.end()
  await expect(results[1]).resolves.toBe('second')
})

test('nobody more may wait than there is room for', async () => {
  const semaphore = createSemaphore(2, 32)
  const tasks = Array.from({ length: 34 }, (_, i) => task([], String(i)))
  const results = tasks.map(({ run }) => semaphore.run(run, stays))
  expect(() => semaphore.checkRoom()).toThrow('too many')
  await expect(semaphore.run(task([], 'one too many').run, stays)).rejects.toMatchObject({
    reason: 'OVERLOADED',
    retryAfterMs: 1000,
  })
  tasks[0]!.end()
  await results[0]
  semaphore.checkRoom()
  for (const { end } of tasks) end()
  expect(await Promise.all(results)).toHaveLength(34)
})

test('whoever went away while waiting costs nothing', async () => {
  const semaphore = createSemaphore(1, 10)
  const begun: string[] = []
  const [first, gone, last] = [task(begun, 'first'), task(begun, 'gone'), task(begun, 'last')]
  const leaving = new AbortController()
  const running = semaphore.run(first.run, stays)
  const waiting = semaphore.run(gone.run, leaving.signal)
  const after = semaphore.run(last.run, stays)
  leaving.abort()
  first.end()
  await running
  await expect(waiting).rejects.toMatchObject({ reason: 'CALL_CANCELLED' })
  last.end()
  expect(await after).toBe('last')
  expect(begun).toEqual(['first', 'last'])
})
