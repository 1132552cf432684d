import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { until } from '#chassis/testing/until.ts'
import { type Clone, makeClone } from './clone.ts'

let clone: Clone

beforeAll(() => void (clone = makeClone()))

afterAll(() => clone.remove())

/** The processes between a person and the stores, by what their command lines have. */
const CHAIN = {
  npm: /^npm start/,
  'scripts/run.mjs': /^\S*node scripts\/run\.mjs /,
  'dev-env/main.ts': /^\S*node services\/dev-env\/main\.ts/,
}

test.each<[NodeJS.Signals, keyof typeof CHAIN]>([
  ['SIGTERM', 'npm'],
  ['SIGKILL', 'npm'],
  ['SIGKILL', 'scripts/run.mjs'],
  ['SIGKILL', 'dev-env/main.ts'],
])('%s of %s alone ends stores, services and gateway', async (signal, victim) => {
  const { ready } = await clone.start()
  await ready()
  const running = clone.processes().map(({ command }) => command)
  for (const program of ['/bin/postgres -D', 'secantusd', 'nats-server', 'envoy'])
    expect(running).toContainEqual(expect.stringContaining(program))
  const found = clone.processes().filter(({ command }) => CHAIN[victim].test(command))
  expect(found).toHaveLength(1)
  process.kill(found[0]!.pid, signal)
  await until('all of its processes to end', () => {
    const left = clone.processes()
    if (left.length > 0) throw new Error(`running: ${left.map(({ command }) => command).join('; ')}`)
    return true
  })
})
