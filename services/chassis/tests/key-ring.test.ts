import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { Migration } from '@mikro-orm/migrations'
import { createLocalJWKSet, jwtVerify, SignJWT } from 'jose'
import { type Database, openDatabase, type Schema } from '../db/orm.ts'
import { createLogger } from '../logger.ts'
import { createKeyRing, type KeyRing } from '../signing/key-ring.ts'
import { signingKeyEntity, signingKeysTable } from '../signing/table.ts'
import { type TestDatabase, testDatabase } from '../testing/database.ts'

const Ticket = signingKeyEntity('TicketKey', 'ticket_keys')
const Receipt = signingKeyEntity('ReceiptKey', 'receipt_keys')

class KeyTables extends Migration {
  override up() {
    this.addSql(`${signingKeysTable('ticket_keys')} ${signingKeysTable('receipt_keys')}`)
  }
}

const schema: Schema = {
  entities: [Ticket, Receipt],
  tables: [],
  migrations: [{ name: 'key-tables', class: KeyTables }],
}

let store: TestDatabase
let database: Database

beforeAll(async () => {
  store = await testDatabase(schema)
  database = await openDatabase(schema, { url: store.url, poolSize: 4 }, createLogger('test', 'silent'))
})
afterEach(() => store.query('delete from ticket_keys; delete from receipt_keys'))
afterAll(async () => {
  await database.close()
  await store.drop()
})

const ringOf = (table: typeof Ticket, purpose: string, validSeconds = 60): KeyRing =>
  createKeyRing({
    database,
    table,
    secret: 'a secret of more than 32 characters',
    secretName: 'PF_SECRET',
    purpose,
    times: { rotationSeconds: 1000, cacheSeconds: 0, validSeconds },
  })
const setOf = async (ring: KeyRing) => JSON.parse((await ring.keySet()).json.toString())
const sign = async (ring: KeyRing) => {
  const { kid, privateKey } = await ring.signer()
  return new SignJWT({}).setProtectedHeader({ alg: 'EdDSA', kid }).sign(privateKey)
}

test('two key sets of one service know nothing of each other', async () => {
  const [tickets, receipts] = [ringOf(Ticket, 'tickets'), ringOf(Receipt, 'receipts')]
  const [ticket, receipt] = await Promise.all([sign(tickets), sign(receipts)])
  for (const [ring, own, foreign] of [
    [tickets, ticket, receipt],
    [receipts, receipt, ticket],
  ] as const) {
    const set = await setOf(ring)
    expect(set.keys).toHaveLength(2)
    await jwtVerify(own, createLocalJWKSet(set))
    await jwtVerify(own, ring.verification)
    await expect(jwtVerify(foreign, createLocalJWKSet(set))).rejects.toThrow('no applicable key')
    await expect(jwtVerify(foreign, ring.verification)).rejects.toThrow('no applicable key')
  }
})

test('a private key that is moved to another key set is of no use there', async () => {
  await ringOf(Ticket, 'tickets').signer()
  await store.query('insert into receipt_keys select * from ticket_keys')
  await expect(ringOf(Receipt, 'receipts').signer()).rejects.toThrow('another PF_SECRET')
})

test.each([60, 35 * 86_400])('a key leaves the set when what it signed last for %i s has expired', async (seconds) => {
  const ring = ringOf(Ticket, 'tickets', seconds)
  const { kid } = await ring.signer()
  await store.query(`update ticket_keys set active_from = active_from - interval '1000 seconds'`)
  expect(await ring.rotate()).toHaveLength(1)
  const [row] = await store.query<{ seconds: number }>(
    `select extract(epoch from retired_at - active_from)::float8 as seconds from ticket_keys where kid = $1`,
    [kid],
  )
  // It signed for 1,000 s; clocks may differ by 30 s, here and at who verifies.
  expect(row!.seconds).toBe(1000 + seconds + 60)
})
