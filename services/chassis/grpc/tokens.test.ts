import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { createLocalJWKSet, exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from 'jose'
import { createTokenVerifier, remoteKeys, TOKEN_ALGORITHM } from './tokens.ts'

const issuer = 'https://auth.test'
const audience = 'promptforge-test'

// Only the clock: promises and I/O go on.
beforeEach(
  () => void jest.useFakeTimers({ advanceTimers: true, doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] }),
)
afterEach(() => void jest.useRealTimers())

async function signer(kid: string) {
  const { privateKey, publicKey } = await generateKeyPair(TOKEN_ALGORITHM, { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: TOKEN_ALGORITHM }
  const sign = (claims: Record<string, unknown> = {}) =>
    new SignJWT({ sub: 'user-1', jti: 'token-1', username: 'ann', role: 'USER', iss: issuer, aud: audience, ...claims })
      .setProtectedHeader({ alg: TOKEN_ALGORITHM, kid })
      .setIssuedAt()
      .setExpirationTime('15m')
      .sign(privateKey)
  return { jwk, sign }
}

test('a verified token is remembered, until it expires', async () => {
  const { jwk, sign } = await signer('a')
  const local = createLocalJWKSet({ keys: [jwk] })
  let asked = 0
  const verify = createTokenVerifier({
    issuer,
    audience,
    keys: (...args) => {
      asked += 1
      return local(...args)
    },
  })
  const token = await sign()
  for (let i = 0; i < 3; i++) expect((await verify(token)).userId).toBe('user-1')
  expect(asked).toBe(1)
  jest.setSystemTime(Date.now() + 16 * 60_000)
  await expect(verify(token)).rejects.toMatchObject({ reason: 'TOKEN_INVALID' })
})

test('a flood of tokens with unknown key ids causes one fetch in 30 seconds', async () => {
  const known = await signer('known')
  let fetches = 0
  const fetchKeys = async (): Promise<JSONWebKeySet> => {
    fetches += 1
    return { keys: [known.jwk] }
  }
  const verify = createTokenVerifier({ issuer, audience, keys: remoteKeys(fetchKeys) })
  const flood = async () => {
    const strangers = await Promise.all(Array.from({ length: 50 }, (_, i) => signer(`stranger-${i}`)))
    const tokens = await Promise.all(strangers.map(({ sign }) => sign()))
    const outcomes = await Promise.allSettled(tokens.map((token) => verify(token)))
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
  }
  await flood()
  expect(fetches).toBe(1)
  jest.setSystemTime(Date.now() + 31_000)
  await flood()
  expect(fetches).toBe(2)
  expect((await verify(await known.sign())).username).toBe('ann')
})

test('a key that is published later is found', async () => {
  const [old, young] = [await signer('old'), await signer('young')]
  let keys = [old.jwk]
  const verify = createTokenVerifier({ issuer, audience, keys: remoteKeys(async () => ({ keys })) })
  await verify(await old.sign())
  keys = [old.jwk, young.jwk]
  jest.setSystemTime(Date.now() + 31_000)
  expect((await verify(await young.sign())).userId).toBe('user-1')
})

test('keys that cannot be had are UNAVAILABLE, not the token’s fault', async () => {
  const { sign } = await signer('a')
  const keys = remoteKeys(() => Promise.reject(new Error('the user service is down')))
  const verify = createTokenVerifier({ issuer, audience, keys })
  await expect(verify(await sign())).rejects.toMatchObject({ reason: 'DEPENDENCY_UNAVAILABLE' })
})
