import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { defineEntity, p } from '@mikro-orm/core'
import { expect, test } from '@jest/globals'
import type { MongoConfig } from '../config.ts'
import { mongo } from '../db/mongo.ts'
import { createLogger } from '../logger.ts'
import { testMongo } from '../testing/mongo.ts'
import { until } from '../testing/until.ts'

const Thing = defineEntity({ name: 'Thing', properties: { _id: p.string().primary() } })

test('a database that did not answer when it was first used is used when it does', async () => {
  await using opened = new AsyncDisposableStack()
  const database = await testMongo()
  opened.defer(database.drop)
  const { hostname, port } = new URL(database.url)
  let isDown = true
  const proxy = createServer((client) => {
    client.on('error', () => undefined)
    if (isDown) return void client.destroy()
    const server = connect(Number(port), hostname)
    server.on('error', () => undefined)
    client.pipe(server).pipe(client)
    client.on('close', () => server.destroy())
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  opened.defer(() => void proxy.close())
  const url = `mongodb://127.0.0.1:${(proxy.address() as AddressInfo).port}/?directConnection=true`
  const config = { mongo: { url, database: database.name } } as MongoConfig
  const kind = mongo({ entities: [Thing], collections: [] })
  const store = await kind.open(config, createLogger('test', 'silent'), () => undefined)
  opened.defer(store.close)
  await Promise.all([1, 2, 3].map(() => expect(store.ping()).rejects.toThrow()))
  isDown = false
  await until('the database to be used', () => store.ping())
})
