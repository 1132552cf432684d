import { Metadata, status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { AuthServiceService } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import { createPasswords, type Passwords } from '../passwords.ts'
import { PASSWORD, type Person, startUserService, type UserTest } from './harness.ts'

const NEW = 'battery staple'
const THIEF = '192.0.2.66'

const real = createPasswords({ cost: 4, parallel: 2 })
/** What happens while a password is being checked, once. */
let meanwhile: (() => Promise<unknown>) | undefined
const passwords: Passwords = {
  ...real,
  inTurn: (network, signal, work) =>
    real.inTurn(network, signal, (hashing) => {
      const verify = async (password: string, hash: string | undefined) => {
        const happening = meanwhile
        meanwhile = undefined
        await happening?.()
        return hashing.verify(password, hash)
      }
      return work({ ...hashing, verify })
    }),
}

let service: UserTest

beforeAll(async () => {
  service = await startUserService({ overrides: { context: { passwords } } })
})
afterAll(() => service.stop())

type Fields = { presentPassword?: string; newPassword?: string; refreshToken?: string }
const change = ({ tokens, as }: Person, fields: Fields = {}, auth = service.auth) =>
  auth.changePassword({ presentPassword: PASSWORD, newPassword: NEW, refreshToken: tokens.refreshToken, ...fields }, as)
const changeFrom = (address: string, person: Person, presentPassword: string) => {
  const metadata = new Metadata()
  metadata.set('x-envoy-external-address', address)
  const as = { ...person.as, metadata }
  return change({ ...person, as }, { presentPassword }, service.stub(AuthServiceService, 'gateway'))
}
const login = (name: string, password: string) => service.auth.login({ login: name, password })
const isWrong = { code: status.UNAUTHENTICATED, reason: 'CREDENTIALS_INVALID' }
const stored = async ({ id }: Person) => (await service.database.query('select * from users where id = $1', [id]))[0]!

describe('ChangePassword', () => {
  test('puts another password in the place of the present one', async () => {
    const ann = await service.person('ann')
    const before = await stored(ann)
    expect(await change(ann)).toEqual({})
    expect(await rejection(login('ann', PASSWORD))).toMatchObject(isWrong)
    await login('ann', NEW)
    expect(await stored(ann)).toEqual({ ...before, password: expect.stringMatching(/^\$2b\$/), password_revision: 2 })
  })

  test('ends all other sessions, whose tokens ever came of one, and the own one goes on', async () => {
    const ben = await service.person('ben')
    const others = [await login('ben', PASSWORD), await login('ben', PASSWORD)]
    const { tokens: rotated } = await service.refresh({ tokens: others[1]!.tokens! })
    const bystander = await service.person('bystander')
    await change(ben)
    for (const tokens of [others[0]!.tokens!, rotated!])
      expect(await rejection(service.refresh({ tokens }))).toMatchObject({ reason: 'REFRESH_TOKEN_INVALID' })
    const { tokens: next } = await service.refresh(ben)
    await service.users.getUser({ userId: 'me' }, { token: next!.accessToken })
    await service.refresh({ tokens: next! })
    await service.refresh(bystander)
  })

  test('knows the own session by any token of it', async () => {
    const cid = await service.person('cid')
    const { tokens } = await service.refresh(cid)
    await change(cid)
    await service.refresh({ tokens: tokens! })
  })

  test('needs the present password', async () => {
    const dan = await service.person('dan')
    const before = await stored(dan)
    expect(await rejection(change(dan, { presentPassword: 'a wrong one' }))).toMatchObject({
      ...isWrong,
      message: 'this is not your present password: check it',
    })
    expect(await stored(dan)).toEqual(before)
  })

  test.each([
    ['somebody else’s', async () => (await service.person('else')).tokens.refreshToken],
    ['nobody’s', async () => 'made up'],
    ['an ended session’s', endedToken],
  ])('is refused with a refresh token that is %s, and ends no session', async (name, token) => {
    const eve = await service.person(`eve-${name.length}`)
    const refreshToken = await token()
    expect(await rejection(change(eve, { refreshToken }))).toMatchObject({ reason: 'REFRESH_TOKEN_INVALID' })
    await login(eve.user.username, PASSWORD)
    await service.refresh(eve)
  })

  test('lets nobody in who signed in with the former password at the same time', async () => {
    const fay = await service.person('fay')
    // The password has been read, and is about to be checked, when it is changed.
    meanwhile = () => change(fay)
    expect(await rejection(login('fay', PASSWORD))).toMatchObject(isWrong)
    const sessions = 'select id from refresh_tokens where user_id = $1 and revoked_at is null'
    expect(await service.database.query(sessions, [fay.id])).toHaveLength(1)
  })

  test('leaves no other session to a refresh that runs at the same time', async () => {
    const gus = await service.person('gus')
    for (let round = 0; round < 10; round++) {
      const [before, after] = round % 2 === 0 ? [PASSWORD, NEW] : [NEW, PASSWORD]
      const { tokens } = await login('gus', before)
      const refreshing = service.refresh({ tokens: tokens! }).catch(() => undefined)
      await change(gus, { presentPassword: before, newPassword: after })
      const outcome = await refreshing
      const left = outcome ? await rejection(service.refresh({ tokens: outcome.tokens! })) : undefined
      expect(left?.reason ?? 'REFRESH_TOKEN_INVALID').toBe('REFRESH_TOKEN_INVALID')
    }
  })

  test('is done once when two change it at the same time', async () => {
    const hal = await service.person('hal')
    meanwhile = () => change(hal, { newPassword: 'the first one' })
    expect(await rejection(change(hal, { newPassword: 'the second one' }))).toMatchObject({
      code: status.ABORTED,
      reason: 'CONCURRENT_CHANGE',
    })
    await login('hal', 'the first one')
  })

  test('needs a user, and a password as of a registration', async () => {
    const ida = await service.person('ida')
    expect(await rejection(change({ ...ida, as: {} }))).toMatchObject({ reason: 'TOKEN_MISSING' })
    for (const newPassword of ['short', 'x'.repeat(73)])
      expect(await rejection(change(ida, { newPassword }))).toMatchObject({ violations: [{ field: 'new_password' }] })
    const empty = await rejection(change(ida, { presentPassword: '', refreshToken: '' }))
    expect(empty).toMatchObject({ violations: [{ field: 'present_password' }, { field: 'refresh_token' }] })
  })
})

describe('who guesses with somebody’s token', () => {
  const guess = (person: Person) => rejection(changeFrom(THIEF, person, 'wrong'))

  test('is slowed down as at a sign-in, also with the right password', async () => {
    const jan = await service.person('jan')
    for (let i = 0; i < 3; i++) expect(await guess(jan)).toMatchObject(isWrong)
    await service.lengthenWaits()
    const error = await rejection(changeFrom(THIEF, jan, PASSWORD))
    expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: 'SIGN_IN_SLOWED' })
    expect(error.retryAfterMs).toBeGreaterThan(0)
  })

  test('has the same few tries as for signing in, not as many again', async () => {
    const kim = await service.person('kim')
    for (let i = 0; i < 3; i++) await guess(kim)
    await service.lengthenWaits()
    expect(await rejection(service.loginFrom(THIEF, 'KIM', PASSWORD))).toMatchObject({ reason: 'SIGN_IN_SLOWED' })
    const leo = await service.person('leo')
    for (let i = 0; i < 3; i++) await rejection(service.loginFrom(THIEF, 'leo', 'wrong'))
    await service.lengthenWaits()
    expect(await guess(leo)).toMatchObject({ reason: 'SIGN_IN_SLOWED' })
  })

  test('gets no further with many tries at once', async () => {
    const mia = await service.person('mia')
    const begun = performance.now()
    const errors = await Promise.all(Array.from({ length: 30 }, () => guess(mia)))
    const looked = errors.filter(({ reason }) => reason === 'CREDENTIALS_INVALID').length
    expect(looked).toBeGreaterThanOrEqual(3)
    expect(looked).toBeLessThanOrEqual(service.triesAllowedSince(begun))
    expect(errors.filter(({ reason }) => reason === 'SIGN_IN_SLOWED')).toHaveLength(30 - looked)
  })

  test('slows down nobody elsewhere, and a success makes the next failures free again', async () => {
    const ned = await service.person('ned')
    for (let i = 0; i < 5; i++) await guess(ned)
    await rejection(change(ned, { presentPassword: 'mistyped' }))
    await rejection(change(ned, { presentPassword: 'mistyped' }))
    await change(ned)
    for (let i = 0; i < 3; i++) expect(await rejection(change(ned))).toMatchObject(isWrong)
  })
})

async function endedToken() {
  const leaver = await service.person('leaver')
  await service.auth.logout({ session: { $case: 'all', value: true } }, leaver.as)
  return leaver.tokens.refreshToken
}
