import { randomBytes, randomUUID } from 'node:crypto'
import { afterEach, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { dropDatabases, ensureDatabase } from '../databases.ts'

const ADMIN = process.env['PF_TEST_POSTGRES_URL']!
const SECRET = randomBytes(32).toString('base64url')
const names = ['one', 'other'].map((name) => `t${randomUUID().slice(0, 8)}_${name}`) as [string, string]
const [one, other] = names

afterEach(() => dropDatabases(ADMIN, names))

async function query(url: string, text: string) {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

const at = (url: string, database: string) => Object.assign(new URL(url), { pathname: `/${database}` }).href

test('each database has a password of its own, and its role can connect to no other database', async () => {
  const url = await ensureDatabase(ADMIN, one, SECRET)
  const otherUrl = await ensureDatabase(ADMIN, other, SECRET)
  expect(await query(url, 'select current_user as role')).toEqual([{ role: one }])
  for (const database of [other, 'postgres', 'template1']) {
    await expect(query(at(url, database), 'select 1')).rejects.toThrow(`permission denied for database "${database}"`)
  }
  const borrowed = Object.assign(new URL(otherUrl), { password: new URL(url).password }).href
  await expect(query(borrowed, 'select 1')).rejects.toThrow('password authentication failed')
})

test('a role that has the secret itself for its password gets its own, and its data stay', async () => {
  await query(ADMIN, `create role ${one} login password '${SECRET}'`)
  await query(ADMIN, `create database ${one} owner ${one}`)
  await query(at(ADMIN, one), 'create table kept as select 7 as n')
  await query(at(ADMIN, one), `alter table kept owner to ${one}`)
  const url = await ensureDatabase(ADMIN, one, SECRET)
  expect(await query(url, 'select n from kept')).toEqual([{ n: 7 }])
  expect(await ensureDatabase(ADMIN, one, SECRET)).toBe(url)
})

test('data that were written with other secrets are left alone, and the error says what to do', async () => {
  const url = await ensureDatabase(ADMIN, one, SECRET)
  const failure = await ensureDatabase(ADMIN, one, 'another').catch((error: Error) => error.message)
  expect(failure).toMatch(/has data of a clone that is gone.*npm start -- --fresh\n.*secrets\.json/s)
  expect(await query(url, 'select 1 as n')).toEqual([{ n: 1 }])
})
