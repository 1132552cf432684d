import { afterEach, expect, test } from '@jest/globals'
import { status } from '@grpc/grpc-js'
import { rejection } from '#chassis/testing/rejection.ts'
import { until } from '#chassis/testing/until.ts'
import { AuthServiceService as Auth, LoginRequest } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import type { GatewayOptions } from '../options.ts'
import { failureOf } from './failure.ts'
import { classLimits, startGateway, type TestGateway } from './harness.ts'

const ROOMY = { perSecond: 1000, burst: 1000 }
const TIGHT = { perSecond: 1, burst: 3 }
const LIMITED = { status: 429, code: 8, reason: 'RATE_LIMITED' }

let gateway: TestGateway
afterEach(() => gateway.stop())

const start = async (limits: Partial<GatewayOptions['limits']>, options: Partial<GatewayOptions> = {}) => {
  gateway = await startGateway({
    limits: { address: ROOMY, user: ROOMY, classes: classLimits(ROOMY), ...limits },
    ...options,
  })
}

/** Asks until it is refused, and answers with the refusal. */
const refusal = (request: string, init: Parameters<TestGateway['rest']>[1] = {}) =>
  until('a refusal', async () => {
    const answer = await gateway.rest(request, init)
    return answer.status === 429 && answer
  })

test('an address has so many requests, says what is left, and may come again when it is told', async () => {
  await start({ address: TIGHT })
  const first = await gateway.rest('GET /v1/prompts/p1')
  expect(first.status).toBe(200)
  expect(first.headers.get('x-ratelimit-limit')).toBe('3')
  expect(first.headers.get('x-ratelimit-remaining')).toBe('2')
  expect(first.headers.get('retry-after')).toBeNull()
  const refused = await refusal('GET /v1/prompts/p1')
  expect(failureOf(refused)).toEqual(LIMITED)
  expect(refused.headers.get('x-ratelimit-remaining')).toBe('0')
  expect(refused.headers.get('x-ratelimit-reset')).toMatch(/^\d+$/)
  expect(refused.headers.get('retry-after')).toBe('1')
  await until('the next second', async () => (await gateway.rest('GET /v1/prompts/p1')).status === 200)
})

test('addresses do not share: those that a trusted proxy saw; an IPv6 client is its /64', async () => {
  await start({ address: { perSecond: 1, burst: 2 } }, { trustedHops: 1 })
  const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })
  await refusal('GET /v1/prompts/p1', from('203.0.113.1'))
  expect(await gateway.rest('GET /v1/prompts/p1', from('203.0.113.2'))).toMatchObject({ status: 200 })
  await refusal('GET /v1/prompts/p1', from('2001:db8:1:1::1'))
  expect(await gateway.rest('GET /v1/prompts/p1', from('2001:db8:1:2::1'))).toMatchObject({ status: 200 })
  await refusal('GET /v1/prompts/p1', from('2001:db8:1:3::1'))
  expect(await gateway.rest('GET /v1/prompts/p1', from('2001:db8:1:3::2'))).toMatchObject({ status: 429 })
})

test('a user has so many requests, by whatever way; others are not concerned', async () => {
  await start({ user: TIGHT })
  const token = await gateway.token('ada')
  expect(failureOf(await refusal('GET /v1/prompts/p1', { token }))).toEqual(LIMITED)
  expect(await gateway.rest('GET /v1/prompts/p1', { token: await gateway.token('ben') })).toMatchObject({ status: 200 })
  expect(await gateway.rest('GET /v1/prompts/p1')).toMatchObject({ status: 200 })
})

test('who signs in, registers or renews a token has fewer, over REST and gRPC together; who verifies licences has a limit of their own', async () => {
  await start({ classes: classLimits(TIGHT) })
  const body = '{}'
  const first = await gateway.rest('POST /v1/auth/login', { body })
  expect(first.headers.get('x-ratelimit-limit')).toBe('3')
  expect(failureOf(await refusal('POST /v1/auth/register', { body }))).toEqual(LIMITED)
  for (const path of ['/v1/auth/login?x=y', '/v1/auth/refresh', '/v1/auth/login/', '/v1//auth/login//']) {
    expect(await gateway.rest(`POST ${path}`, { body })).toMatchObject({ status: 429 })
  }
  expect(await rejection(gateway.stub(Auth).login(LoginRequest.create()))).toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    reason: 'RATE_LIMITED',
  })
  expect(await gateway.rest('POST /v1/licenses:verify', { body })).toMatchObject({ status: 200 })
  expect(failureOf(await refusal('POST /v1/licenses:verify', { body }))).toEqual(LIMITED)
  for (const request of ['GET /v1/prompts/p1', 'GET /.well-known/jwks.json']) {
    expect(await gateway.rest(request)).toMatchObject({ status: 200 })
  }
})

test('who guesses tokens is limited by address', async () => {
  await start({ address: TIGHT })
  expect(failureOf(await refusal('GET /v1/prompts/p1', { token: 'x.y.z' }))).toEqual(LIMITED)
})
