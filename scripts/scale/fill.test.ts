import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Schema } from '#chassis/db/orm.ts'
import { type TestDatabase, testDatabase } from '#chassis/testing/database.ts'
import { type TestMongo, testMongo } from '#chassis/testing/mongo.ts'
import { schema as analytics } from '../../services/analytics/db/schema.ts'
import { schema as marketplace } from '../../services/marketplace/db/schema.ts'
import { schema as prompt } from '../../services/prompt/db/schema.ts'
import { schema as test_ } from '../../services/test/db/schema.ts'
import { schema as user } from '../../services/user/db/schema.ts'
import { disagreements } from './agree.ts'
import { type Databases, fill } from './fill.ts'
import { scaleOf } from './made.ts'

const SCHEMAS = { user, prompt, test: test_, marketplace, analytics } satisfies Record<string, Schema>
type Service = keyof typeof SCHEMAS
const SERVICES = Object.keys(SCHEMAS) as Service[]

/** Databases of a site of 60 users. */
async function fillOne() {
  const made = {} as Record<Service, TestDatabase>
  for (const name of SERVICES) made[name] = await testDatabase(SCHEMAS[name])
  const mongo = await testMongo()
  const urls = Object.fromEntries(SERVICES.map((name) => [name, made[name].url])) as Record<Service, string>
  const databases: Databases = {
    urls,
    mongo: { url: mongo.url, name: mongo.name },
    licenseKeySecret: 'a secret for licence keys in tests of this',
  }
  const filled = await fill(databases, scaleOf(60), 'correct horse', () => undefined)
  return { made, mongo, databases, filled }
}

let site: Awaited<ReturnType<typeof fillOne>>

beforeAll(async () => {
  site = await fillOne()
})
afterAll(() => site && drop(site))

async function drop({ made, mongo }: { made: Record<Service, TestDatabase>; mongo: TestMongo }) {
  for (const name of SERVICES) await made[name].drop()
  await mongo.drop()
}

test('what is filled agrees with itself in every count', async () => {
  expect(await disagreements(site.databases)).toEqual([])
})
