import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { openSecrets } from '../secrets.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'secrets-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('secrets are random, stay the same from start to start, and nobody else may read them', () => {
  const secrets = openSecrets(folder)
  expect(openSecrets(folder)).toEqual(secrets)
  expect(new Set(Object.values(secrets)).size).toBe(Object.keys(secrets).length)
  expect(statSync(join(folder, 'secrets.json')).mode & 0o777).toBe(0o600)
})

test('a secret that an older clone did not have yet is added, and the others stay', () => {
  const { viewers: _, ...before } = openSecrets(folder)
  writeFileSync(join(folder, 'secrets.json'), JSON.stringify(before))
  const after = openSecrets(folder)
  expect(after).toEqual({ ...before, viewers: expect.stringMatching(/^[\w-]{43}$/) })
  expect(JSON.parse(readFileSync(join(folder, 'secrets.json'), 'utf8'))).toEqual(after)
})
