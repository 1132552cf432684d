import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { status } from '@grpc/grpc-js'
import { unavailable } from '../errors.ts'
import type { Stub } from '../grpc/client.ts'
import { serve } from '../grpc/server.ts'
import { type TestIdentity, testIdentity } from '../testing/identity.ts'
import { readMetric } from '../testing/metric.ts'
import { rejection } from '../testing/rejection.ts'
import type { TestService } from '../testing/service.ts'
import { until } from '../testing/until.ts'
import { startBare, Users } from './harness.ts'

const ANN = '01890000-0000-7000-8000-000000000001'
const BEN = '01890000-0000-7000-8000-000000000002'

/** Closing an account takes effect within this time, milliseconds. */
const SOON_MS = 5000

let identity: TestIdentity
let bare: TestService<object>
let stub: Stub<typeof Users>
let asked = 0
let isDown = false

beforeAll(async () => {
  const real = await testIdentity()
  identity = {
    ...real,
    closedAccounts: async (after) => {
      asked++
      if (isDown) throw unavailable('the user service')
      return real.closedAccounts(after)
    },
  }
  const users = serve(Users, {
    getUser: async () => ({}),
    batchGetUsers: async () => ({ users: [] }),
    updateUser: async () => ({}),
  })
  bare = await startBare([users], { overrides: { identity } })
  stub = bare.stub(Users)
})
afterAll(() => bare.stop())

const tokenOf = (userId: string) => identity.tokenFor({ userId, username: 'somebody' })
const write = (token: string) => stub.updateUser({ userId: 'me' }, { token })
const read = (token: string) => stub.getUser({ userId: 'me' }, { token })
const isRefused = async (token: string) => (await rejection(write(token))).reason === 'ACCOUNT_DEACTIVATED'
const askedAgain = () => {
  const before = asked
  return until('the next look at closed accounts', () => asked >= before + 2)
}

test('who has closed an account changes nothing more within 5 s, though the token is still valid, and may read', async () => {
  const [ann, ben] = [await tokenOf(ANN), await tokenOf(BEN)]
  await write(ann)
  identity.setAccount(ANN, 'USER', false)
  await until('writes to be refused', () => isRefused(ann), SOON_MS)
  expect(await rejection(write(ann))).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'ACCOUNT_DEACTIVATED' })
  await read(ann)
  await write(ben)
  identity.setAccount(ANN, 'USER', true)
  await until('an account that is open again to write', () => write(ann), SOON_MS)
})

test('a token of an API key that was revoked is good for nothing within 5 s, and other keys of its user are', async () => {
  const [key, other] = ['01890000-0000-7000-8000-00000000000a', '01890000-0000-7000-8000-00000000000b']
  const tokenWith = (id: string) =>
    identity.tokenFor({ userId: ANN, username: 'somebody' }, { client_id: id, scope: 'prompts:read' })
  const [revoked, active] = [await tokenWith(key), await tokenWith(other)]
  const readAs = (token: string) => stub.getUser({ userId: BEN }, { token })
  await readAs(revoked)
  identity.revokeApiKey(key)
  const isRefusedNow = () =>
    readAs(revoked).then(
      () => false,
      () => true,
    )
  await until('the token to be refused', isRefusedNow, SOON_MS)
  expect(await rejection(readAs(revoked))).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'API_KEY_INVALID' })
  await readAs(active)
})

test('no call is made for a request', async () => {
  const ben = await tokenOf(BEN)
  const before = asked
  await Promise.all(Array.from({ length: 200 }, () => write(ben)))
  expect(asked - before).toBeLessThan(5)
})

test('while the user service does not answer, what was known stays, others go on writing, and a metric tells', async () => {
  const [ann, ben] = [await tokenOf(ANN), await tokenOf(BEN)]
  identity.setAccount(ANN, 'USER', false)
  await until('writes to be refused', () => isRefused(ann), SOON_MS)
  isDown = true
  identity.setAccount(BEN, 'USER', false)
  await askedAgain()
  expect(await isRefused(ann)).toBe(true)
  await write(ben)
  await until(
    'the age of the list to grow',
    async () => (await readMetric(bare.metricsUrl, 'closed_accounts_age_seconds')) > 2,
  )
  isDown = false
  await until('the closing to take effect', () => isRefused(ben), SOON_MS)
  expect(await readMetric(bare.metricsUrl, 'closed_accounts_age_seconds')).toBeLessThan(3)
})
