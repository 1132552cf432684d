import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { lookAtPostgres } from '#chassis/db/look-postgres.ts'
import { dropDatabases } from '../../dev-env/databases.ts'
import { makeDatabases, type Stored } from '../databases.ts'
import { valueOf } from '../kubernetes.ts'
import { type Api, keep, startApi } from './api.ts'

const ADMIN = process.env['PF_TEST_POSTGRES_URL']!
const MONGO = 'mongodb://root:secret@mongo:27017'

let api: Api
/** Names of this test alone, for roles are those of the whole server. */
let services: Stored[]

const stored = (kind: 'postgres' | 'mongo'): Stored => ({
  name: `deploy_${randomUUID().slice(0, 8)}`,
  definition: { store: { kind } },
})

beforeEach(async () => {
  api = await startApi()
  services = [stored('postgres'), stored('postgres')]
})

afterEach(async () => {
  await api.stop()
  await dropDatabases(ADMIN, services.map(roleOf))
})

const roleOf = ({ name }: Stored) => `promptforge_${name}`
const make = (mongoUrl = '') =>
  makeDatabases(api.open(), services, { postgresUrl: ADMIN, mongoUrl, say: () => undefined, waitMs: 0 })
const urlOf = ({ name }: Stored) => valueOf(api.secrets.get(`${name}-store`)!, 'url')!
const keepUrl = ({ name }: Stored, url: string) =>
  keep(api, { metadata: { name: `${name}-store` }, data: { url: Buffer.from(url).toString('base64') } })

test('each service gets a database of its own, whose role no other database lets in', async () => {
  expect(await make()).toEqual(services.map((one) => `${one.name}: made the role and database ${roleOf(one)}`))
  const [one, other] = services as [Stored, Stored]
  const client = new Client({ connectionString: urlOf(one) })
  await client.connect()
  const { rows } = await client.query(
    'select current_user as role, current_database() as database, version() ~ $1 as is_18',
    ['^PostgreSQL 18'],
  )
  await client.query('create table t (id int)')
  await client.end()
  expect(rows).toEqual([{ role: roleOf(one), database: roleOf(one), is_18: true }])
  const intruder = urlOf(one).replace(/[^/]*$/, roleOf(other))
  expect(await lookAtPostgres(intruder)).toMatchObject({
    message: expect.stringContaining('does not let the user connect'),
  })
})

test('a second run changes nothing, also one of several at once', async () => {
  await Promise.all([make(), make(), make()])
  const before = structuredClone([...api.secrets])
  expect(await make()).toEqual(services.map(({ name }) => `${name}: has its database`))
  expect([...api.secrets]).toEqual(before)
  for (const one of services) expect(await lookAtPostgres(urlOf(one))).toBeUndefined()
})

test('a Secret that is there gets its role and database, on a new server, with the password that it has', async () => {
  await make()
  const urls = services.map(urlOf)
  await dropDatabases(ADMIN, services.map(roleOf))
  expect(await make()).toEqual(
    services.map((one) => `${one.name}: made the role and database ${roleOf(one)} for the Secret that is there`),
  )
  expect(services.map(urlOf)).toEqual(urls)
  for (const url of urls) expect(await lookAtPostgres(url)).toBeUndefined()
})

test('a role whose Secret is lost gets a new password, and one whose Secret is wrong keeps its own', async () => {
  await make()
  const [one, other] = services as [Stored, Stored]
  const old = urlOf(one)
  api.secrets.delete(`${one.name}-store`)
  expect(await make()).toEqual([
    `${one.name}: gave the role ${roleOf(one)} a new password, for no Secret had it`,
    `${other.name}: has its database`,
  ])
  expect(await lookAtPostgres(urlOf(one))).toBeUndefined()
  keepUrl(one, old)
  await expect(make()).rejects.toThrow(
    `PostgreSQL refuses the password of ${roleOf(one)} in the Secret ${one.name}-store: correct it, or delete the Secret to give the role a new one`,
  )
})

test('a Secret that names another server is left as it is', async () => {
  const [one] = services as [Stored, Stored]
  const url = `postgres://somebody:secret@elsewhere:5432/${roleOf(one)}`
  keepUrl(one, url)
  const [line] = await make()
  expect(line).toBe(`${one.name}: left as it is, because the Secret ${one.name}-store names another server or role`)
  expect(urlOf(one)).toBe(url)
})

test('a service on MongoDB gets the URL of the server, when there is one', async () => {
  const version = stored('mongo')
  services = [version]
  expect(await make()).toEqual([
    `${version.name}: nothing to do, for PF_MONGO_URL is not set: the Secret ${version.name}-store is made by somebody else`,
  ])
  expect(await make(MONGO)).toEqual([`${version.name}: made the Secret ${version.name}-store`])
  expect(await make('mongodb://other:27017')).toEqual([`${version.name}: has its Secret`])
  expect(urlOf(version)).toBe(MONGO)
})

test('an administrator whom PostgreSQL refuses is one line, and nothing is made', async () => {
  const url = new URL(ADMIN)
  url.password = 'wrong'
  const made = makeDatabases(api.open(), services, {
    postgresUrl: url.href,
    mongoUrl: '',
    say: () => undefined,
    waitMs: 0,
  })
  await expect(made).rejects.toThrow('PostgreSQL refuses the user or the password: correct them in PF_POSTGRES_URL')
  expect(api.requests).toEqual([])
})
