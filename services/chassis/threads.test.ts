import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { until } from './testing/until.ts'
import type { Task } from './testing/thread.ts'
import { createThreads, type Threads } from './threads.ts'

let threads: Threads<Task, string>
beforeEach(() => {
  threads = createThreads({
    module: new URL('./testing/thread.ts', import.meta.url),
    name: 'work',
    what: 'tasks',
    maxWaiting: 10,
    memoryMib: 32,
  })
})
afterEach(() => threads.close())

const stays = new AbortController().signal
const run = (task: Task, signal = stays) => threads.run(task, { signal })

test('a thread that dies fails its task, and others do what waits', async () => {
  const deaths = Array.from({ length: 3 }, () => run('die'))
  const answers = Array.from({ length: 3 }, () => run('answer'))
  for (const { status } of await Promise.allSettled(deaths)) expect(status).toBe('rejected')
  expect(await Promise.all(answers)).toEqual(['answered', 'answered', 'answered'])
})

test('when all that run are given up, what waits is done', async () => {
  await Promise.all([run('answer'), run('answer')])
  const gone = new AbortController()
  const hanging = [run('hang', gone.signal), run('hang', gone.signal)]
  const answers = [run('answer'), run('answer')]
  await Promise.resolve()
  gone.abort()
  for (const { status } of await Promise.allSettled(hanging)) expect(status).toBe('rejected')
  expect(await Promise.all(answers)).toEqual(['answered', 'answered'])
})

test('one who sends many does not keep another waiting', async () => {
  const ended: string[] = []
  const send = (owner: string) =>
    threads.run('answer', { signal: stays, owner }).then(() => {
      ended.push(owner)
    })
  await Promise.all([...Array.from({ length: 8 }, () => send('many')), send('one')])
  expect(ended.indexOf('one')).toBeLessThan(6)
})

test('closing ends what runs and what waits', async () => {
  const tasks = Array.from({ length: 5 }, () => run('hang'))
  let failed = 0
  for (const task of tasks) void task.catch(() => failed++)
  await threads.close()
  await until('all have failed', () => failed === 5)
  await expect(run('answer')).rejects.toThrow('closed')
})
