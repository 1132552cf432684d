import { expect, test } from '@jest/globals'
import { isSameJson } from './same-json.ts'

const isSame = (one: string, other: string) => isSameJson(JSON.parse(one), JSON.parse(other))

test('values are the same in whatever order their members are', () => {
  expect(isSame('{"a": 1, "b": [true, null, "x"]}', '{"b": [true, null, "x"], "a": 1.0}')).toBe(true)
  expect(isSame('[]', '[]')).toBe(true)
  expect(isSame('{"__proto__": 1}', '{"__proto__": 1}')).toBe(true)
})

test('values that differ are not the same', () => {
  const different = ['null', '0', '1', '""', '"1"', 'true', 'false', '[]', '{}', '[1]', '[1, 2]', '[2, 1]', '{"0": 1}']
  const more = ['{"a": 1}', '{"a": 2}', '{"a": 1, "b": 2}', '{"b": 1}', '{"__proto__": {}}', '{"a": {}}', '{"a": []}']
  const all = [...different, ...more]
  for (const one of all) for (const other of all) expect(isSame(one, other)).toBe(one === other)
})

test('values of any depth are compared', () => {
  const deep = (value: number) => `${'['.repeat(100_000)}${value}${']'.repeat(100_000)}`
  expect(isSame(deep(1), deep(1))).toBe(true)
  expect(isSame(deep(1), deep(2))).toBe(false)
})
