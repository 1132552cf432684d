import { status, type Metadata } from '@grpc/grpc-js'
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify, SignJWT, generateKeyPair } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { migrate } from '#chassis/db/migrate.ts'
import { openChannel } from '#chassis/grpc/client.ts'
import { openMesh } from '#chassis/grpc/tls.ts'
import { createLogger } from '#chassis/logger.ts'
import { type TestDatabase, testDatabase } from '#chassis/testing/database.ts'
import { TEST_AUTH } from '#chassis/testing/identity.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { testMesh } from '#chassis/testing/service.ts'
import { until } from '#chassis/testing/until.ts'
import { loadContract } from '#contracts/contract.ts'
import { AuthServiceService } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import { schema } from '../db/schema.ts'
import { type Person, startUserService, type UserTest } from './harness.ts'

// A replica looks at the keys when it has not for a quarter of this.
const env = { PF_JWKS_CACHE_SECONDS: '4' }

let database: TestDatabase
let one: UserTest
let two: UserTest

beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())

const keySet = async ({ auth }: UserTest) =>
  JSON.parse((await auth.getJwks({})).data.toString()) as { keys: { kid: string }[] }
const kids = async (replica: UserTest) => (await keySet(replica)).keys.map(({ kid }) => kid)
const kidOf = ({ tokens }: Pick<Person, 'tokens'>) => decodeProtectedHeader(tokens.accessToken).kid!
const signIn = async (replica: UserTest) => {
  const { tokens } = await replica.auth.login({ login: 'ann', password: 'correct horse' })
  return { tokens: tokens!, as: { token: tokens!.accessToken } }
}
const me = ({ users }: UserTest, { as }: Pick<Person, 'as'>) => users.getUser({ userId: 'me' }, as)

describe('two replicas on an empty database', () => {
  test('migrate it once', async () => {
    const log = createLogger('test', 'silent')
    const applied = await Promise.all([1, 2].map(() => migrate(schema, database.url, log)))
    const counts = applied.map(({ length }) => length)
    expect(counts.toSorted((a, b) => a - b)).toEqual([0, schema.migrations.length])
  })

  test('make one signing key, which signs at once, and the next one', async () => {
    ;[one, two] = (await Promise.all([1, 2].map(() => startUserService({ database, env })))) as [UserTest, UserTest]
    const seen = await Promise.all([one, two, one, two].map(kids))
    expect(new Set(seen.map(String)).size).toBe(1)
    expect(seen[0]).toHaveLength(2)
    const ann = await one.person('ann')
    expect(kidOf(ann)).toBe(seen[0]![0])
    expect(await me(two, ann)).toEqual({ user: ann.user })
    expect(await database.query('select from signing_keys')).toHaveLength(2)
  })
})

describe('GetJwks', () => {
  test('is an RFC 7517 key set of public members, that verifies tokens', async () => {
    const answer = await one.auth.getJwks({})
    expect(answer.contentType).toBe('application/json')
    const set = JSON.parse(answer.data.toString()) as JSONWebKeySet
    const key = { kty: 'OKP', crv: 'Ed25519', x: expect.any(String), kid: expect.any(String), alg: 'EdDSA', use: 'sig' }
    expect(set).toEqual({ keys: [key, key] })
    const { tokens } = await signIn(one)
    const rules = { issuer: TEST_AUTH.issuer, audience: TEST_AUTH.audience }
    await jwtVerify(tokens.accessToken, createLocalJWKSet(set), rules)
  })

  test('may be cached, and compared by its ETag', async () => {
    const headers = [await headersOf(one), await headersOf(two)]
    expect(headers[0]!.get('cache-control')).toEqual(['public, max-age=4'])
    expect(headers[0]!.get('etag')).toEqual([expect.stringMatching(/^"[\w-]{43}"$/)])
    expect(headers[1]!.get('etag')).toEqual(headers[0]!.get('etag'))
  })
})

test('GetJwks answers with the last known keys while the database cannot', async () => {
  const replica = await startUserService({ database, env: { PF_JWKS_CACHE_SECONDS: '0' } })
  const before = await kids(replica)
  await database.query('alter table signing_keys rename to out_of_reach')
  expect(await kids(replica)).toEqual(before)
  await database.query('alter table out_of_reach rename to signing_keys')
  expect(await kids(replica)).toEqual(before)
  await replica.stop()
})

describe('a rotation', () => {
  let before: Pick<Person, 'tokens' | 'as'>
  let next: string
  let afterNext: string

  test('lets the next key, which every replica has published, sign at each; each accepts what the other signs', async () => {
    before = await signIn(one)
    next = (await kids(one)).find((kid) => kid !== kidOf(before))!
    expect(await one.service.context.keys.rotate()).toEqual([])
    await database.query(`update signing_keys set active_from = active_from - interval '30 days'`)
    const after = await until('its first signature', async () => {
      const sessions = [await signIn(one), await signIn(two)]
      return sessions.every((session) => kidOf(session) === next) && sessions
    })
    await me(two, after[0]!)
    await me(one, after[1]!)
  })

  test('has one more key made, once', async () => {
    const made = (await Promise.all([one, two, one, two].map(({ service }) => service.context.keys.rotate()))).flat()
    expect(made).toHaveLength(1)
    afterNext = made[0]!
    for (const replica of [one, two]) {
      await until('the key', async () => (await kids(replica)).includes(afterNext))
      expect(await kids(replica)).toEqual([kidOf(before), next, afterNext])
    }
  })

  test('leaves tokens valid that the key before has signed, as long as they live', async () => {
    for (const replica of [one, two]) expect((await me(replica, before)).user).toMatchObject({ username: 'ann' })
    const [retiring] = await database.query<{ seconds: number }>(
      `select extract(epoch from retired_at - now())::float8 as seconds from signing_keys where kid = $1`,
      [kidOf(before)],
    )
    expect(retiring!.seconds).toBeGreaterThan(900)
    expect(retiring!.seconds).toBeLessThan(900 + 60 + 8)
  })

  test('ends with the key before leaving the set: then nobody accepts it', async () => {
    const hourAgo = `update signing_keys set retired_at = now() - interval '1 hour' where kid = $1`
    await database.query(hourAgo, [kidOf(before)])
    const third = await startUserService({ database, env })
    expect(await kids(third)).toEqual([next, afterNext])
    expect(await rejection(me(third, before))).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'TOKEN_INVALID' })
    for (const replica of [one, two]) {
      await until('the key to go', async () => (await kids(replica)).length === 2)
    }
    await third.stop()
  })
})

describe('a key', () => {
  test('that is not in the set is refused', async () => {
    const { privateKey } = await generateKeyPair('EdDSA')
    const forged = await new SignJWT({
      username: 'ann',
      role: 'ADMIN',
      sub: 'x',
      jti: 'x',
      iss: TEST_AUTH.issuer,
      aud: TEST_AUTH.audience,
    })
      .setProtectedHeader({ alg: 'EdDSA', kid: 'unknown' })
      .setIssuedAt()
      .setExpirationTime('15m')
      .sign(privateKey)
    const error = await rejection(me(one, { as: { token: forged } }))
    expect(error).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'TOKEN_INVALID' })
  })

  test('that leaked can be retired at once: another signs, which everybody knows already', async () => {
    const leaked = await signIn(one)
    const known = await kids(two)
    await database.query('update signing_keys set retired_at = now() where kid = $1', [kidOf(leaked)])
    const fresh = await until('another key', async () => {
      const session = await signIn(two)
      return kidOf(session) !== kidOf(leaked) && session
    })
    expect(known).toContain(kidOf(fresh))
    await me(one, fresh)
    await one.service.context.keys.rotate()
    expect(await database.query('select from signing_keys where retired_at is null')).toHaveLength(2)
    await until('the leaked key to go', async () => !(await kids(two)).includes(kidOf(leaked)))
  })

  test('is not readable in the database, and not usable with another secret', async () => {
    const [row] = await database.query<{ private_key: Buffer }>('select private_key from signing_keys')
    expect(() => JSON.parse(row!.private_key.toString())).toThrow()
    const other = await startUserService({
      database,
      env: { PF_SIGNING_KEY_SECRET: 'another secret of more than 32 chars' },
    })
    const session = await signIn(one)
    const [stored] = await database.query(`select from refresh_tokens where rotated_at is null`)
    expect(stored).toBeDefined()
    const error = await other.silenced(() => rejection(other.refresh(session)))
    expect(error).toMatchObject({ code: status.INTERNAL, reason: 'INTERNAL_ERROR' })
    // It failed before it used the token up.
    await one.refresh(session)
    await other.stop()
  })
})

afterAll(async () => {
  await one.stop()
  await two.stop()
})

/** The initial metadata of GetJwks, which become HTTP headers at the gateway. */
async function headersOf({ target }: UserTest): Promise<Metadata> {
  const { path, requestSerialize, responseDeserialize } = AuthServiceService.getJwks
  const channel = openChannel({ contract: loadContract(), mesh: openMesh(testMesh('client')), service: 'user', target })
  const headers = await new Promise<Metadata>((resolve, reject) => {
    channel.client
      .makeUnaryRequest(path, requestSerialize, responseDeserialize, {}, (error) => error && reject(error))
      .on('metadata', resolve)
  })
  channel.close()
  return headers
}

test('a service whose access tokens would be valid for an hour does not start', async () => {
  await expect(startUserService({ env: { PF_ACCESS_TOKEN_SECONDS: '3600' } })).rejects.toThrow(
    'PF_ACCESS_TOKEN_SECONDS is 3600: set 1 to 3599',
  )
})
