import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { newLedger } from '../../../scripts/chaos/ledger.ts'
import { type Mongo, startMongo } from '../infra/mongo.ts'
import { type SignedIn, startTestNetwork, type TestNetwork } from './harness.ts'
import { disagreements } from './recount.ts'
import { writePrompt } from './writer.ts'

const dataDir = join(process.env['PF_TEST_FOLDER']!, `fault-mongo-${randomUUID().slice(0, 8)}`)
const ledger = newLedger()
let mongo: Mongo
let network: TestNetwork
let ann: SignedIn

beforeAll(async () => {
  mongo = await startMongo({ dataDir, port: 0 })
  network = await startTestNetwork({ mongoUrl: mongo.url })
  ann = await network.signUp()
})
afterAll(async () => {
  await network.stop()
  await mongo.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

test('while MongoDB is down prompts are edited and versions wait; readers are told when to come again; then all are there', async () => {
  const before = await writePrompt(network, ann, ledger)
  await network.processAll()

  let during = ''
  await mongo.stop('kill')
  try {
    during = await writePrompt(network, ann, ledger, 30)
    for (const path of [`${before}/versions`, `${before}/versions/1`, `${during}/versions/31`]) {
      const answer = await network.rest(`GET /v1/prompts/${path}`)
      expect(answer).toMatchObject({ status: 503, body: { code: 14 } })
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
      const retry = answer.body.details.find((detail: object) => 'retryDelay' in detail)
      expect(retry.retryDelay).toMatch(/^\d+s$/)
    }
    for (let prompt = 0; prompt < 10; prompt++) await writePrompt(network, ann, ledger, 2)
  } finally {
    await mongo.start()
  }
  expect(await disagreements(network, ledger)).toEqual([])
  for (const version of [1, 16, 31]) {
    const answer = await network.rest(`GET /v1/prompts/${during}/versions/${version}`)
    expect(answer.body.version.title).toBe(ledger.prompts.get(during)!.versions.get(version))
  }
  const stats = await network.rest(`GET /v1/analytics/prompts/${during}`)
  expect(stats.body.totals.versions).toBe('31')
})
