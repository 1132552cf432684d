import { expect, test } from '@jest/globals'
import { parsePath, valueAt } from './json-path.ts'

test('a path is names and indexes', () => {
  expect(parsePath('$')).toEqual([])
  expect(parsePath('$.a[0]["b"]')).toEqual(['a', 0, 'b'])
  expect(parsePath('$.items[10].first-name')).toEqual(['items', 10, 'first-name'])
  expect(parsePath(String.raw`$["a \"name\"]"]['it.is'].größe`)).toEqual(['a "name"]', 'it.is', 'größe'])
  expect(parsePath('$[""].__proto__')).toEqual(['', '__proto__'])
})

test('what is more than names and indexes is no path', () => {
  const others = [
    '',
    'a',
    '.a',
    '$a',
    '$.',
    '$..a',
    '$.*',
    '$[*]',
    '$[-1]',
    '$[01]',
    '$[0:1]',
    '$[?(@.a)]',
    '$.a b',
    '$["a]',
  ]
  for (const path of [...others, '$.0', '$[0', '$[a]', String.raw`$["\x"]`, '$ .a', '$.a ', '$[9999999999]'])
    expect(parsePath(path)).toBeUndefined()
})

const at = (json: string, path: string) => valueAt(JSON.parse(json), parsePath(path)!)

test('a path leads to what is there', () => {
  expect(at('{"a": [{"b": 1}]}', '$.a[0].b')).toBe(1)
  expect(at('12', '$')).toBe(12)
  expect(at('{"a": null}', '$.a')).toBeNull()
  expect(at('{"__proto__": {"a": 1}}', '$.__proto__.a')).toBe(1)
})

test('what is not there is not found: not by index in an object, by name in an array or a text, or by inheritance', () => {
  expect(at('{"0": 1}', '$[0]')).toBeUndefined()
  expect(at('[1]', '$[1]')).toBeUndefined()
  expect(at('[1]', '$["0"]')).toBeUndefined()
  expect(at('[1]', '$.length')).toBeUndefined()
  expect(at('"text"', '$[0]')).toBeUndefined()
  expect(at('"text"', '$.length')).toBeUndefined()
  expect(at('null', '$.a')).toBeUndefined()
  expect(at('{}', '$.__proto__')).toBeUndefined()
  expect(at('{}', '$.constructor.name')).toBeUndefined()
})
