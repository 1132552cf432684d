import { defineEntity, p } from '@mikro-orm/core'
import { expect, test } from '@jest/globals'
import { Registry } from 'prom-client'
import type { MongoConfig, PostgresConfig } from '../config.ts'
import { mongo } from '../db/mongo.ts'
import { poolMetrics } from '../db/pool-metrics.ts'
import { postgres } from '../db/postgres.ts'
import type { Store } from '../db/store.ts'
import { createLogger } from '../logger.ts'
import { testDatabase } from '../testing/database.ts'
import { testMongo } from '../testing/mongo.ts'
import { startTcpProxy } from '../testing/tcp-proxy.ts'
import { until } from '../testing/until.ts'
import { bareSchema } from './harness.ts'

const log = createLogger('test', 'silent')
const Thing = defineEntity({ name: 'Thing', properties: { _id: p.string().primary() } })

/** Reads what Prometheus would: connections in use, requests that wait, connections at the most. */
function gaugesOf(store: Store) {
  const registry = new Registry()
  poolMetrics(registry, store)
  return async () => {
    const values = await registry.getMetricsAsJSON()
    return ['store_pool_in_use', 'store_pool_waiting', 'store_pool_size'].map(
      (name) => values.find((one) => one.name === name)!.values[0]!.value,
    )
  }
}

test('the metrics say how many connections to PostgreSQL are in use, and how many requests wait for one', async () => {
  await using opened = new AsyncDisposableStack()
  const database = await testDatabase(bareSchema)
  opened.defer(database.drop)
  const config = { postgres: { url: database.url, poolSize: 2 } } as PostgresConfig
  const store = await postgres(bareSchema).open(config, log, () => undefined)
  opened.defer(store.close)
  const gauges = gaugesOf(store)
  expect(await gauges()).toEqual([0, 0, 2])
  const held = await Promise.all([store.pool.connect(), store.pool.connect()])
  const late = store.ping()
  expect(await gauges()).toEqual([2, 1, 2])
  for (const connection of held) connection.release()
  await late
  expect(await gauges()).toEqual([0, 0, 2])
})

test('and the same of MongoDB, also after operations that failed', async () => {
  await using opened = new AsyncDisposableStack()
  const database = await testMongo()
  opened.defer(database.drop)
  const proxy = await startTcpProxy(database.url)
  opened.defer(proxy.close)
  const config = { mongo: { url: proxy.url, database: database.name } } as MongoConfig
  const store = await mongo({ entities: [Thing], collections: [] }).open(config, log, () => undefined)
  opened.defer(store.close)
  const gauges = gaugesOf(store)
  await store.ping()
  expect(await gauges()).toEqual([0, 0, 20])
  proxy.swallow()
  // The first has the connection that is open; the second waits for one that cannot be made.
  const outcomes = Promise.allSettled([store.ping(), store.ping()])
  await until('both to be counted', async () => (await gauges()).join() === '1,1,20')
  await outcomes
  expect(await gauges()).toEqual([0, 0, 20])
})
