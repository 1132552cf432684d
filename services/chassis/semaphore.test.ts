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
  const semaphore = createSemaphore(2, 10, 'tasks')
  const begun: string[] = []
  const tasks = ['a', 'b', 'c', 'd'].map((name) => task(begun, name))
  const results = tasks.map(({ run }) => semaphore.run('ann', run, stays))
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
  const semaphore = createSemaphore(1, 10, 'tasks')
  const begun: string[] = []
  const [first, second] = [task(begun, 'first'), task(begun, 'second')]
  const results = [semaphore.run('ann', first.run, stays), semaphore.run('ann', second.run, stays)]
  first.fail()
  await expect(results[0]).rejects.toThrow('first')
  second.end()
  await expect(results[1]).resolves.toBe('second')
})

test('nobody more may wait than there is room for', async () => {
  const semaphore = createSemaphore(2, 32, 'tasks')
  const tasks = Array.from({ length: 34 }, (_, i) => task([], String(i)))
  const results = tasks.map(({ run }) => semaphore.run('ann', run, stays))
  await expect(semaphore.run('ann', task([], 'one too many').run, stays)).rejects.toMatchObject({
    reason: 'OVERLOADED',
    retryAfterMs: 1000,
  })
  tasks[0]!.end()
  await results[0]
  for (const { end } of tasks) end()
  expect(await Promise.all(results)).toHaveLength(34)
})

test('whoever went away while waiting costs nothing', async () => {
  const semaphore = createSemaphore(1, 10, 'tasks')
  const begun: string[] = []
  const [first, gone, last] = [task(begun, 'first'), task(begun, 'gone'), task(begun, 'last')]
  const leaving = new AbortController()
  const running = semaphore.run('ann', first.run, stays)
  const waiting = semaphore.run('ann', gone.run, leaving.signal)
  const after = semaphore.run('ann', last.run, stays)
  leaving.abort()
  first.end()
  await running
  await expect(waiting).rejects.toMatchObject({ reason: 'CALL_CANCELLED' })
  last.end()
  expect(await after).toBe('last')
  expect(begun).toEqual(['first', 'last'])
})

test('whoever goes away while waiting hears of it at once, and leaves the place to others', async () => {
  const semaphore = createSemaphore(1, 2, 'tasks')
  const begun: string[] = []
  const [first, gone, second, third] = ['first', 'gone', 'second', 'third'].map((name) => task(begun, name))
  const leaving = new AbortController()
  const running = semaphore.run('ann', first!.run, stays)
  const waiting = semaphore.run('ann', gone!.run, leaving.signal)
  const others = [semaphore.run('ann', second!.run, stays)]
  leaving.abort()
  // The first one still runs.
  await expect(waiting).rejects.toMatchObject({ reason: 'CALL_CANCELLED' })
  others.push(semaphore.run('ann', third!.run, stays))
  await expect(semaphore.run('ann', gone!.run, stays)).rejects.toMatchObject({ reason: 'OVERLOADED' })
  await expect(semaphore.run('ann', gone!.run, leaving.signal)).rejects.toMatchObject({ reason: 'CALL_CANCELLED' })
  for (const one of [first, second, third]) one!.end()
  expect(await Promise.all([running, ...others])).toEqual(['first', 'second', 'third'])
  expect(begun).toEqual(['first', 'second', 'third'])
})

test('an owner of whom nobody waits any more has no turn', async () => {
  const semaphore = createSemaphore(1, 10, 'tasks')
  const begun: string[] = []
  const [first, gone, last] = [task(begun, 'first'), task(begun, 'gone'), task(begun, 'last')]
  const leaving = new AbortController()
  const running = semaphore.run('ann', first.run, stays)
  const waiting = semaphore.run('ben', gone.run, leaving.signal)
  leaving.abort()
  await expect(waiting).rejects.toMatchObject({ reason: 'CALL_CANCELLED' })
  first.end()
  await running
  last.end()
  expect(await semaphore.run('cid', last.run, stays)).toBe('last')
})

test('owners take turns: one who sends many does not keep another waiting', async () => {
  const semaphore = createSemaphore(1, 10, 'tasks')
  const begun: string[] = []
  const run = (owner: string, name: string) =>
    semaphore.run(
      owner,
      async () => {
        begun.push(name)
        await Promise.resolve()
      },
      stays,
    )
  const many = [1, 2, 3, 4].map((i) => run('many', `many ${i}`))
  const others = [run('ben', 'ben 1'), run('cid', 'cid 1'), run('ben', 'ben 2')]
  await Promise.all([...many, ...others])
  expect(begun).toEqual(['many 1', 'many 2', 'ben 1', 'cid 1', 'many 3', 'ben 2', 'many 4'])
})

test('when all places are taken, who has the most of them gives up the last', async () => {
  const semaphore = createSemaphore(1, 4, 'tasks')
  const begun: string[] = []
  const tasks = Array.from({ length: 5 }, (_, i) => task(begun, `many ${i}`))
  const many = tasks.map(({ run }) => semaphore.run('many', run, stays))
  const lost = [many[3], many[4]].map((one) => one!.catch((error: { reason: string }) => error.reason))
  const [ben, again, greedy] = [task(begun, 'ben'), task(begun, 'ben again'), task(begun, 'ben once more')]
  const bens = [semaphore.run('ben', ben.run, stays), semaphore.run('ben', again.run, stays)]
  expect(await Promise.all(lost)).toEqual(['OVERLOADED', 'OVERLOADED'])
  await expect(semaphore.run('ben', greedy.run, stays)).rejects.toMatchObject({ reason: 'OVERLOADED' })
  for (const { end } of [...tasks, ben, again]) end()
  await Promise.all([...many.slice(0, 3), ...bens])
  expect(begun).toEqual(['many 0', 'many 1', 'ben', 'many 2', 'ben again'])
})
