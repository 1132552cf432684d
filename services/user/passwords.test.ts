import { expect, test } from '@jest/globals'
import { hash as bcrypt } from '@node-rs/bcrypt'
import { createPasswords } from './passwords.ts'

const { signal } = new AbortController()

/** Hashes and checks one password after another. */
function create(cost: number) {
  const { inTurn, isOutdated } = createPasswords({ cost, parallel: 1 })
  return {
    isOutdated,
    hash: (password: string) => inTurn('192.0.2.1', signal, ({ hash }) => hash(password)),
    verify: (password: string, stored: string | undefined) =>
      inTurn('192.0.2.1', signal, ({ verify }) => verify(password, stored)),
  }
}

const passwords = create(4)

test('a password is right for its own hash alone', async () => {
  const [hash, other] = [await passwords.hash('right'), await passwords.hash('right')]
  expect(hash).not.toBe(other)
  expect(await passwords.verify('right', hash)).toBe(true)
  expect(await passwords.verify('wrong', hash)).toBe(false)
})

test('a password is one however it is typed, and a hash that is older than that goes on working', async () => {
  const [composed, decomposed] = ['caf\u00e9 noir', 'cafe\u0301 noir']
  expect(await passwords.verify(decomposed, await passwords.hash(composed))).toBe(true)
  expect(await passwords.verify(composed, await passwords.hash(decomposed))).toBe(true)
  const old = await bcrypt(decomposed, { cost: 4 })
  expect(await passwords.verify(decomposed, old)).toBe(true)
  expect(await passwords.verify('cafe noir', old)).toBe(false)
})

test('all of its 72 bytes count', async () => {
  const hash = await passwords.hash('ä'.repeat(36))
  expect(await passwords.verify('ä'.repeat(35) + 'ö', hash)).toBe(false)
})

test('without a hash no password is right, and finding that out takes a whole hash', async () => {
  // A hash of cost 10 takes tens of milliseconds; one that could not be read would be refused in none.
  const slow = create(10)
  const hash = await slow.hash('right')
  const quickest = { known: Infinity, unknown: Infinity }
  for (let i = 0; i < 5; i++) {
    for (const [name, stored] of [
      ['known', hash],
      ['unknown', undefined],
    ] as const) {
      const begin = performance.now()
      expect(await slow.verify('wrong', stored)).toBe(false)
      quickest[name] = Math.min(quickest[name], performance.now() - begin)
    }
  }
  expect(quickest.unknown).toBeGreaterThan(quickest.known / 5)
})

test('a hash of another cost is outdated', async () => {
  expect(passwords.isOutdated(await passwords.hash('x'))).toBe(false)
  expect(passwords.isOutdated(await create(5).hash('x'))).toBe(true)
})

test.each([3, 32])('a cost of %i is refused at once', (cost) => {
  expect(() => createPasswords({ cost, parallel: 0 })).toThrow('PF_BCRYPT_COST')
})

test('32 wait at the most; what is beyond is refused', async () => {
  const outcomes = await Promise.allSettled(Array.from({ length: 40 }, () => passwords.hash('x')))
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1 + 32)
  const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
  for (const reason of refused) expect(reason).toMatchObject({ reason: 'OVERLOADED', retryAfterMs: 1000 })
})
