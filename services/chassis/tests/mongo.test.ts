import { defineEntity, p } from '@mikro-orm/core'
import { expect, test } from '@jest/globals'
import type { MongoConfig } from '../config.ts'
import { mongo } from '../db/mongo.ts'
import { createLogger } from '../logger.ts'
import { testMongo } from '../testing/mongo.ts'
import { startTcpProxy } from '../testing/tcp-proxy.ts'
import { until } from '../testing/until.ts'

const Thing = defineEntity({ name: 'Thing', properties: { _id: p.string().primary() } })

test('a database that did not answer when it was first used is used when it does', async () => {
  await using opened = new AsyncDisposableStack()
  const database = await testMongo()
  opened.defer(database.drop)
  const proxy = await startTcpProxy(database.url)
  opened.defer(proxy.close)
  proxy.swallow()
  const config = { mongo: { url: proxy.url, database: database.name } } as MongoConfig
  const kind = mongo({ entities: [Thing], collections: [] })
  const store = await kind.open(config, createLogger('test', 'silent'), () => undefined)
  opened.defer(store.close)
  await Promise.all([1, 2, 3].map(() => expect(store.ping()).rejects.toThrow()))
  proxy.restore()
  await until('the database to be used', () => store.ping())
})
