import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { status } from '@grpc/grpc-js'
import { notFound } from '../errors.ts'
import { serve } from '../grpc/server.ts'
import type { PublicCall } from '../grpc/call.ts'
import { unprepared } from '../db/statements.ts'
import { type TestDatabase, testDatabase } from '../testing/database.ts'
import { readHealth } from '../testing/health.ts'
import { rejection } from '../testing/rejection.ts'
import { type TcpProxy, startTcpProxy } from '../testing/tcp-proxy.ts'
import type { TestService } from '../testing/service.ts'
import { until } from '../testing/until.ts'
import { bareSchema, startBare, Users } from './harness.ts'

// The network between a service and its database swallows every packet, and tells nobody.

let database: TestDatabase
let proxy: TcpProxy
let service: TestService<object>

const ID = '018f0000-0000-7000-8000-000000000001'
const one = unprepared({})<{ one: number }>(() => 'select 1 as one')
const getUser = async (_: unknown, { sql }: PublicCall) => {
  await sql(one, {})
  throw notFound('user')
}
const answer = async () => ({})

beforeAll(async () => {
  database = await testDatabase(bareSchema)
  proxy = await startTcpProxy(database.url)
  const services = [serve(Users, { getUser, batchGetUsers: async () => ({ users: [] }), updateUser: answer })]
  service = await startBare(services, { config: { postgres: { url: proxy.url, poolSize: 2 } }, database })
})
afterAll(async () => {
  await service.stop()
  proxy.close()
  await database.drop()
})

const ready = async () => (await readHealth(service.healthTarget, 'prompt')) === 'SERVING'
const call = () => rejection(service.stub(Users).getUser({ userId: ID }))

test('a call fails in its time, the service is not ready meanwhile, and both places of the pool come back', async () => {
  expect(await call()).toMatchObject({ code: status.NOT_FOUND })
  await Promise.all([call(), call()])
  await until('the service to be ready', ready)
  proxy.swallow()
  const notReady = until('the service to be not ready', async () => !(await ready()))
  const failures = await Promise.all([call(), call()])
  for (const { code } of failures) expect([status.UNAVAILABLE, status.DEADLINE_EXCEEDED]).toContain(code)
  await notReady
  proxy.restore()
  await until('the service to answer again', async () => (await call()).code === status.NOT_FOUND, 12_000)
  await until('the service to be ready', ready)
})
