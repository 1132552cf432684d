import { expect, test } from '@jest/globals'
import { objectsIn } from './objects-in.ts'

const all = (text: string) => [...objectsIn(text)]

test.each<[string, string, unknown[]]>([
  ['alone', ' {"a": 1}\n', [{ a: 1 }]],
  ['in prose and in a block of code', 'Here:\n```json\n{"a": [1, {"b": null}]}\n```\nDone.', [{ a: [1, { b: null }] }]],
  ['several, of an array too', '[{"a": 1}, {}] and {"b": "x"}', [{ a: 1 }, {}, { b: 'x' }]],
  ['after braces that are none', 'f(x) { return {"a": 1} } {', [{ a: 1 }]],
  ['in an object that breaks off', '{"a": {"b": 1}, "c": {"d": [2, {"e": 3}, ', [{ b: 1 }, { e: 3 }]],
  ['after a quote that does not end', '{"he said: {"a": 1}', [{ a: 1 }]],
  ['with braces and escapes in its strings', String.raw`{"}": "\"{\u007b\n", "": ""}`, [{ '}': '"{{\n', '': '' }]],
  ['with numbers of all forms', '{"a": [0, -1.5e+3, 2E2, true, false]}', [{ a: [0, -1500, 200, true, false] }]],
])('an object is found %s', (_, text, expected) => {
  expect(all(text)).toEqual(expected)
})

test.each([
  'no braces',
  '[1, 2] "a" 3 null',
  '{a: 1}',
  "{'a': 1}",
  '{"a": 1,}',
  '{"a" 1}',
  '{"a": 01}',
  '{"a": undefined}',
  '{"a": [1,]}',
  '{"a": 1]',
  '{"a": "two\nlines"}',
  String.raw`{"a": "\x"}`,
  '{,}',
  '{"a":}',
  '{1: 2}',
  '}{',
])('what is not JSON is no object: %j', (text) => {
  expect(all(text)).toEqual([])
})

test('what JSON.parse reads is found, and nothing else: objects of random signs', () => {
  const pieces = [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '"a"',
    '"a":',
    '1',
    '-',
    '.5',
    'e3',
    'true',
    ' ',
    '\\',
    '\n',
    '\u0007',
  ]
  let seed = 7
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647
  let found = 0
  for (let round = 0; round < 5000; round++) {
    const inner = Array.from({ length: 1 + random() * 7 }, () => pieces[Math.floor(random() * pieces.length)]).join('')
    const text = `{${inner}}`
    let expected: unknown
    try {
      expected = JSON.parse(text)
    } catch {
      expected = undefined
    }
    const objects = all(text)
    if (expected !== undefined) expect(objects).toEqual([expected])
    for (const value of objects) expect(JSON.stringify(value)).toMatch(/^\{/)
    found += objects.length
  }
  expect(found).toBeGreaterThan(30)
})

// Each of them took minutes if every beginning was read to the end of the text.
test.each(['{', '{"a":', '{"a":[', '{"', '{"a":"', '{ ', '{"a":{},', '{"a":1}', '\\"{'])(
  'a long text of %j is read in one pass',
  (piece) => {
    const count = 20_000
    const objects = all(piece.repeat(count))
    expect(objects.length).toBe(piece === '{"a":1}' || piece === '{"a":{},' ? count : 0)
  },
)
