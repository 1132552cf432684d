import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { until } from '#chassis/testing/until.ts'
import { type Clone, makeClone } from './clone.ts'

let clone: Clone

beforeAll(() => {
  clone = makeClone()
  writeFileSync(join(clone.state, 'demo-data.done'), '') // it takes time, and is not what is tested
})

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
  const { npm, output } = await clone.start()
  const isReady = () => {
    if (npm.exitCode !== null) throw new Error(`npm start ended: ${output()}`)
    return output().includes('PromptForge is ready')
  }
  await until('npm start to be ready', isReady)
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
