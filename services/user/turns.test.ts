import { expect, test } from '@jest/globals'
import { createTurns } from './turns.ts'

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
  const turns = createTurns(2, 10)
  const begun: string[] = []
  const tasks = ['a', 'b', 'c', 'd'].map((name) => task(begun, name))
  const results = tasks.map(({ run }) => turns.take(run, stays))
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
  const turns = createTurns(1, 10)
  const begun: string[] = []
  const [first, second] = [task(begun, 'first'), task(begun, 'second')]
  const results = [turns.take(first.run, stays), turns.take(second.run, stays)]
  first.fail()
  await expect(results[0]).rejects.toThrow('first')
  second.end()
  await expect(results[1]).resolves.toBe('second')
})

test('nobody more may wait than there is room for', async () => {
  const turns = createTurns(2, 32)
  const tasks = Array.from({ length: 34 }, (_, i) => task([], String(i)))
  const results = tasks.map(({ run }) => turns.take(run, stays))
  expect(() => turns.checkRoom()).toThrow('too many')
  await expect(turns.take(task([], 'one too many').run, stays)).rejects.toMatchObject({
    reason: 'OVERLOADED',
    retryAfterMs: 1000,
  })
  tasks[0]!.end()
  await results[0]
  turns.checkRoom()
  for (const { end } of tasks) end()
  expect(await Promise.all(results)).toHaveLength(34)
})

test('whoever went away while waiting costs nothing', async () => {
  const turns = createTurns(1, 10)
  const begun: string[] = []
  const [first, gone, last] = [task(begun, 'first'), task(begun, 'gone'), task(begun, 'last')]
  const leaving = new AbortController()
  const running = turns.take(first.run, stays)
  const waiting = turns.take(gone.run, leaving.signal)
  const after = turns.take(last.run, stays)
  leaving.abort()
  first.end()
  await running
  await expect(waiting).rejects.toMatchObject({ reason: 'CALL_CANCELLED' })
  last.end()
  expect(await after).toBe('last')
  expect(begun).toEqual(['first', 'last'])
})
