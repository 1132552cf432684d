import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { ServiceError } from '@grpc/grpc-js'
import { UserServiceService } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import { serve } from '../grpc/server.ts'
import { sessionOf } from '../grpc/peer.ts'
import type { PublicCall } from '../grpc/call.ts'
import { createService } from '../define-service.ts'
import { type TestDatabase, testDatabase } from '../testing/database.ts'
import { testIdentity } from '../testing/identity.ts'
import { testConfig } from '../testing/service.ts'
import { readHealth } from '../testing/health.ts'
import { readMetric } from '../testing/metric.ts'
import { until } from '../testing/until.ts'
import { bareSchema, bareService, startBare, Users } from './harness.ts'

const ID = '01890000-0000-7000-8000-000000000001'

/** A service whose GetUser waits until it is released. */
function waiting() {
  const calls: PublicCall[] = []
  const sessions: (object | undefined)[] = []
  const { promise, resolve: release } = Promise.withResolvers<void>()
  const users = serve(Users, {
    getUser: async (_, call) => {
      calls.push(call)
      sessions.push(sessionOf(call.origin.inherited.call))
      await promise
      return {}
    },
    batchGetUsers: async () => ({ users: [] }),
    updateUser: async () => ({}),
  })
  return { users, calls, sessions, release }
}

test('a service measures when its certificate ends', async () => {
  const bare = await startBare([waiting().users])
  const seconds = await readMetric(bare.metricsUrl, 'certificate_expires_at_seconds')
  expect(seconds).toBeGreaterThan(Date.now() / 1000)
  await bare.stop()
})

test('a service that ends finishes the calls that run, and takes no new ones', async () => {
  const { users, calls, release } = waiting()
  const bare = await startBare([users])
  const stub = bare.stub(UserServiceService)
  const running = Array.from({ length: 20 }, () => stub.getUser({ userId: ID }))
  await until('the calls to arrive', () => calls.length === 20)
  const stopped = bare.service.destroy()
  release()
  await expect(Promise.all(running)).resolves.toHaveLength(20)
  await stopped
  await expect(stub.getUser({ userId: ID }, { timeoutMs: 300 })).rejects.toBeDefined()
  await bare.stop()
})

test('a call that outlasts the grace is ended, and the service with it', async () => {
  const { users, calls, release } = waiting()
  const bare = await startBare([users], { config: { drain: { settleMs: 0, graceMs: 100 } } })
  const call = bare.stub(UserServiceService).getUser({ userId: ID })
  const outcome = call.then(
    () => undefined,
    (error: ServiceError) => error,
  )
  await until('the call to arrive', () => calls.length === 1)
  await bare.stop()
  expect(await outcome).toBeDefined()
  await until('the handler to hear of it', () => calls[0]!.signal.aborted)
  release()
})

test('a peer is looked at once a connection', async () => {
  const { users, sessions, release } = waiting()
  release()
  const bare = await startBare([users])
  const stub = bare.stub(UserServiceService)
  for (let i = 0; i < 2; i++) await stub.getUser({ userId: ID })
  expect(sessions[0]).toBeDefined()
  expect(sessions[1]).toBe(sessions[0])
  await bare.stop()
})

describe('starting and probing', startingAndProbing)

function startingAndProbing() {
  let database: TestDatabase
  beforeAll(async () => {
    database = await testDatabase(bareSchema)
  })
  afterAll(() => database.drop())

  test('a port that is taken stops the start with a sentence that names it, and leaves nothing open', async () => {
    const squatter = createServer().listen(0, '127.0.0.1')
    await once(squatter, 'listening')
    const { port } = squatter.address() as { port: number }
    const definition = bareService([])
    const config = testConfig(definition, database.env)
    const taken = { ...config, grpc: { host: '127.0.0.1', port, reflection: false } } as never
    const service = await createService(definition, taken, { identity: await testIdentity() })
    await expect(service.start()).rejects.toThrow(`127.0.0.1:${port}`)
    await expect(service.context.database.ping()).rejects.toThrow('after calling end on the pool')
    await service.destroy()
    squatter.close()
  })

  test('one that is ended while it starts leaves nothing open', async () => {
    const definition = bareService([])
    const config = testConfig(definition, database.env) as never
    const service = await createService(definition, config, { identity: await testIdentity() })
    const starting = service.start()
    await service.destroy()
    for (const port of Object.values(await starting)) {
      const [failure] = (await once(connect(port, '127.0.0.1'), 'error')) as [NodeJS.ErrnoException]
      expect(failure.code).toBe('ECONNREFUSED')
    }
  })

  test('probes see readiness in plaintext, and NOT_SERVING when the service drains', async () => {
    const definition = bareService([])
    const config = testConfig(definition, database.env) as never
    const service = await createService(definition, config, { identity: await testIdentity() })
    const { health } = await service.start()
    const statusOf = (name: string) => readHealth(`127.0.0.1:${health}`, name)
    expect(await statusOf('')).toBe('SERVING')
    await until('readiness', async () => (await statusOf('prompt')) === 'SERVING')
    await service.destroy()
  })
}
