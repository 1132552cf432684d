import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { openSecret } from './state.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'state-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('the secret is made once, for its owner alone, and nothing else is left', () => {
  const file = join(folder, 'import.json')
  const secret = openSecret(file)
  expect(secret).toMatch(/^[\w-]{43}$/)
  expect(openSecret(file)).toBe(secret)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder)).toEqual(['import.json'])
  expect(openSecret(join(folder, 'other.json'))).not.toBe(secret)
})

test.each(['', '{}', '{"secret": "short"}', 'null', 'something else'])(
  'a file with %j is refused, and kept',
  (content) => {
    const file = join(folder, 'import.json')
    writeFileSync(file, content)
    expect(() => openSecret(file)).toThrow('is not a state file of an import')
    expect(statSync(file).size).toBe(content.length)
  },
)
