import { expect, test } from '@jest/globals'
import { createPasswords } from './passwords.ts'

const passwords = createPasswords({ cost: 4, parallel: 1 })
const { signal } = new AbortController()

test('a password is right for its own hash alone', async () => {
  const [hash, other] = [await passwords.hash('right', signal), await passwords.hash('right', signal)]
  expect(hash).not.toBe(other)
  expect(await passwords.verify('right', hash, signal)).toBe(true)
  expect(await passwords.verify('wrong', hash, signal)).toBe(false)
})

test('all of its 72 bytes count', async () => {
  const hash = await passwords.hash('ä'.repeat(36), signal)
  expect(await passwords.verify('ä'.repeat(35) + 'ö', hash, signal)).toBe(false)
})

test('without a hash no password is right, and finding that out takes as long', async () => {
  expect(await passwords.verify('', undefined, signal)).toBe(false)
  // At a cost of 10 a hash takes tens of milliseconds, a malformed one none at all.
  const slow = createPasswords({ cost: 10, parallel: 1 })
  const hash = await slow.hash('right', signal)
  const timeOf = async (stored: string | undefined) => {
    const times: number[] = []
    for (let i = 0; i < 5; i++) {
      const begin = performance.now()
      await slow.verify('wrong', stored, signal)
      times.push(performance.now() - begin)
    }
    return Math.min(...times)
  }
  const [known, unknown] = [await timeOf(hash), await timeOf(undefined)]
  expect(unknown).toBeGreaterThan(known / 3)
  expect(unknown).toBeLessThan(known * 3)
})

test('a hash of another cost is outdated', async () => {
  expect(passwords.isOutdated(await passwords.hash('x', signal))).toBe(false)
  expect(passwords.isOutdated(await createPasswords({ cost: 5, parallel: 1 }).hash('x', signal))).toBe(true)
})

test.each([3, 32])('a cost of %i is refused at once', (cost) => {
  expect(() => createPasswords({ cost, parallel: 0 })).toThrow('PF_BCRYPT_COST')
})
