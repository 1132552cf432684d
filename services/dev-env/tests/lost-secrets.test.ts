import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { until } from '#chassis/testing/until.ts'
import { type Clone, makeClone } from './clone.ts'

let clone: Clone

beforeAll(() => void (clone = makeClone()))

afterAll(() => clone.remove())

test('npm start says what to do about data of a clone that is gone', async () => {
  const first = await clone.start()
  await first.ready()
  first.npm.kill('SIGTERM')
  await until('its processes to end', () => clone.processes().length === 0)
  // A clone that is removed leaves root's PostgreSQL data, and takes the secrets with it.
  const file = join(clone.state, 'secrets.json')
  rmSync(file)
  const second = await clone.start()
  const [code] = (await once(second.npm, 'exit')) as [number]
  expect(code).toBe(1)
  expect(second.output()).toContain('has data of a clone that is gone')
  expect(second.output()).toContain('npm start -- --fresh')
  expect(clone.processes()).toEqual([])
})
