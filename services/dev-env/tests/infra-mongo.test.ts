import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Collection, type Db, MongoClient } from 'mongodb'
import { until } from '#chassis/testing/until.ts'
import { type Mongo, mongoAnswers, startMongo } from '../infra/mongo.ts'

const folder = join(process.env['PF_TEST_FOLDER']!, `infra-${randomUUID()}`)
const dataDir = join(folder, 'mongo')
let server: Mongo
let client: MongoClient
let db: Db

beforeAll(async () => {
  server = await startMongo({ dataDir, port: 0 })
  client = new MongoClient(server.url)
  db = client.db('kept')
})

afterAll(async () => {
  await client.close()
  await server.stop()
  rmSync(folder, { recursive: true })
})

test.each(['fast', 'kill'] as const)('what was acknowledged outlives a restart, and clients go on: %s', async (how) => {
  const documents = Array.from({ length: 300 }, (_, n) => db.collection(how).insertOne({ n }))
  await Promise.all(documents)
  await server.restart(how)
  expect(await db.collection(how).countDocuments()).toBe(300)
})

test('nobody reads or writes without the password', async () => {
  const address = new URL(server.url).host
  const stranger = new MongoClient(`mongodb://${address}/?directConnection=true`)
  await expect(stranger.db('kept').collection('secrets').findOne()).rejects.toThrow('requires authentication')
  await expect(stranger.db('kept').collection('secrets').insertOne({})).rejects.toThrow('requires authentication')
  await stranger.close()
  const wrong = new MongoClient(server.url.replace(/:[^:@]*@/, ':wrong@'))
  await expect(wrong.db('kept').collection('secrets').findOne()).rejects.toThrow('authentication failed')
  await wrong.close()
})

test('data that are older than passwords get one, and stay', async () => {
  const old = await startMongo({ dataDir: join(folder, 'old'), port: 0 })
  await onMongo(old, (secrets) => secrets.insertOne({ n: 1 }))
  await old.stop()
  rmSync(join(folder, 'old.password'))
  const now = await startMongo({ dataDir: join(folder, 'old'), port: 0 })
  expect(now.url).not.toBe(old.url)
  expect(await onMongo(now, (secrets) => secrets.countDocuments())).toBe(1)
  expect(statSync(join(folder, 'old.password')).mode & 0o777).toBe(0o600)
  await now.stop()
})

test('two changes at once are both made', async () => {
  const numbers = db.collection<{ _id: string; n: number }>('numbers')
  await numbers.insertOne({ _id: 'one', n: 0 })
  await Promise.all(Array.from({ length: 100 }, () => numbers.updateOne({ _id: 'one' }, { $inc: { n: 1 } })))
  expect(await numbers.findOne({ _id: 'one' })).toEqual({ _id: 'one', n: 100 })
})

async function onMongo<T>({ url }: Mongo, work: (secrets: Collection) => Promise<T>): Promise<T> {
  const client = new MongoClient(url)
  try {
    return await work(client.db('kept').collection('secrets'))
  } finally {
    await client.close()
  }
}

test('a port that is taken is an error with the end of the log', async () => {
  const taken = startMongo({ dataDir: join(folder, 'second'), port: server.port })
  await expect(taken).rejects.toThrow(/SecantusDB ended with code 1; .*Address already in use/s)
})

test('it ends when the process that started it is killed', async () => {
  const script = `
    const { startMongo } = await import('${import.meta.dirname}/../infra/mongo.ts')
    const { url } = await startMongo({ dataDir: '${join(folder, 'orphan')}', port: 0 })
    console.log(url)
    setInterval(() => {}, 1000)`
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [url] = await once(owner.stdout, 'data')
  owner.kill('SIGKILL')
  await until('it to end', async () => !(await mongoAnswers(String(url).trim())))
})
