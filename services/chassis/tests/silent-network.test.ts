import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { status } from '@grpc/grpc-js'
import type { EntityManager } from '@mikro-orm/postgresql'
import { jobCause } from '../cause.ts'
import { openDatabase } from '../db/orm.ts'
import { notFound } from '../errors.ts'
import { toAppError } from '../grpc/status.ts'
import { createLogger } from '../logger.ts'
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
  await until('the service to answer again', async () => (await call()).code === status.NOT_FOUND)
  await until('the service to be ready', ready)
})

describe('a transaction that has begun', () => {
  const terminate =
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and state = '

  test.each([
    [
      'PostgreSQL falls silent',
      async (em: EntityManager, network: TcpProxy) => {
        network.swallow()
        await em.execute('select 1')
      },
    ],
    ['its connection dies in a statement', (em: EntityManager) => em.execute(`${terminate} 'active'`)],
    [
      'its connection dies between two statements',
      async (em: EntityManager, _: TcpProxy, { query }: TestDatabase) => {
        await query(`${terminate} 'idle in transaction'`)
        await em.execute('select 1')
      },
    ],
  ])('ends when %s, and gives the only place of its pool back', async (_, breakIt) => {
    const own = await testDatabase(bareSchema)
    const network = await startTcpProxy(own.url)
    const store = await openDatabase(bareSchema, { url: network.url, poolSize: 1 }, createLogger('test', 'silent'))
    const begun = store.transaction(jobCause('test'), async (em) => {
      await em.execute('select 1')
      await breakIt(em, network, own)
    })
    const failure: unknown = await begun.catch((error: unknown) => error)
    expect(toAppError(failure)).toMatchObject({ code: status.UNAVAILABLE })
    network.restore()
    expect(await store.sql(one, {})).toEqual([{ one: 1 }])
    await store.close()
    network.close()
    await own.drop()
  })
})
