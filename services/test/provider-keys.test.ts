import { expect, test } from '@jest/globals'
import { checkRoomForKey, hintOf } from './provider-keys.ts'

test('the last four characters of a key are shown, and nothing of a short one', () => {
  expect(hintOf('0123456789012345wxyz')).toBe('wxyz')
  expect(hintOf('012345678901234wxyz')).toBe('')
})

test('a user has at most 20 keys', () => {
  expect(() => checkRoomForKey(19)).not.toThrow()
  expect(() => checkRoomForKey(20)).toThrow('you have 20 keys')
})
