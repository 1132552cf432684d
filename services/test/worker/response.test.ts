import { expect, test } from '@jest/globals'
import { collectResponse } from './response.ts'

/** Collects pieces, with a clock that goes by 10 ms with each look. */
function collect(pieces: string[]) {
  let time = 0
  const handedOn: string[] = []
  const response = collectResponse(
    (piece) => handedOn.push(piece),
    () => (time += 10),
  )
  for (const piece of pieces) response.add(piece)
  return { ...response.end(), handedOn }
}

test('a response is its pieces, and the times are those of the first and the end', () => {
  expect(collect(['Hello', ', ', 'world'])).toEqual({
    text: 'Hello, world',
    handedOn: ['Hello', ', ', 'world'],
    firstTokenMs: 10,
    responseTimeMs: 20,
  })
  expect(collect([])).toMatchObject({ text: '', handedOn: [], firstTokenMs: null })
})

test('a character in two pieces is one, a half of one is replaced, as is NUL', () => {
  const { text, handedOn } = collect(['a\ud83d', '\ude00b', '\udc00c\0', 'd\ud83d'])
  expect(text).toBe('a😀b\ufffdc\ufffdd\ufffd')
  expect(handedOn.join('')).toBe(text)
  for (const piece of handedOn) expect(piece.isWellFormed()).toBe(true)
})
