import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import {
  chownSync,
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { until } from '#chassis/testing/until.ts'
import { placesOf } from '../infra/places.ts'
import { postgresPrograms } from '../infra/postgres-programs.ts'
import { type Postgres, startPostgres } from '../infra/postgres.ts'

const home = placesOf().postgres
const settings = { fsync: 'off' }

let folder: string
let server: Postgres

beforeAll(async () => {
  folder = join(process.env['PF_TEST_FOLDER']!, `infra-${randomUUID()}`)
  server = await startPostgres({ dataDir: join(folder, 'data'), home, port: 0, password: 'p@ss/word', settings })
})

afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true })
})

async function query(url: string, text: string) {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

const fileOf = (name: string) => join(folder, name)
const pid = (dataDir = 'data') => Number(readFileSync(fileOf(`${dataDir}/postmaster.pid`), 'utf8').split('\n')[0])

test('its programs lead nowhere outside their folder', async () => {
  const programs = await postgresPrograms(folder)
  const entries = readdirSync(programs, { recursive: true, withFileTypes: true })
  const links = entries.filter((entry) => entry.isSymbolicLink()).map(({ parentPath, name }) => join(parentPath, name))
  expect(links.length).toBeGreaterThan(0)
  for (const link of links) expect(realpathSync(link)).toContain(programs)
})

test('it is PostgreSQL 18 with room for 300 connections, behind a password, on 127.0.0.1 alone', async () => {
  const [row] = await query(
    server.adminUrl,
    `select current_setting('server_version_num')::int / 10000 as version, current_setting('max_connections') as connections,
       current_setting('listen_addresses') as addresses, current_setting('unix_socket_directories') as sockets,
       current_setting('fsync') as fsync, datcollate as collation, current_user as role
     from pg_database where datname = 'template1'`,
  )
  expect(row).toEqual({
    version: 18,
    connections: '300',
    addresses: '127.0.0.1',
    sockets: '',
    fsync: 'off',
    collation: 'C',
    role: 'postgres',
  })
  const wrong = new URL(server.adminUrl)
  wrong.password = 'guess'
  await expect(query(wrong.href, 'select 1')).rejects.toMatchObject({ code: '28P01' })
  expect(readFileSync(fileOf('data/pg_hba.conf'), 'utf8')).not.toMatch(/^\w+.*\btrust$/m)
  expect(statSync(fileOf('data.password')).mode & 0o777).toBe(0o600)
})

test.each(['fast', 'immediate', 'kill'] as const)('what was committed outlives a restart: %s', async (how) => {
  await query(server.adminUrl, `create table kept_${how} as select 7 as n`)
  await server.restart(how)
  expect(await query(server.adminUrl, `select n from kept_${how}`)).toEqual([{ n: 7 }])
})

test('it starts after a crash, though another process has the number of the crashed one now', async () => {
  await server.stop()
  const left = [process.ppid, fileOf('data'), 0, server.port, '', '127.0.0.1', '', 'ready']
  writeFileSync(fileOf('data/postmaster.pid'), `${left.join('\n')}\n`)
  const { uid, gid } = statSync(fileOf('data'))
  chownSync(fileOf('data/postmaster.pid'), uid, gid)
  const again = await startPostgres({ dataDir: fileOf('data'), home, port: 0, settings })
  expect(new URL(again.adminUrl).password).toBe(new URL(server.adminUrl).password)
  await again.stop()
  await server.restart()
})

test('a random password is made, kept, and found again', async () => {
  const options = { dataDir: fileOf('second'), home, port: 0, settings }
  const first = await startPostgres(options)
  await first.stop()
  const second = await startPostgres(options)
  expect(new URL(second.adminUrl).password).toBe(new URL(first.adminUrl).password)
  expect(new URL(second.adminUrl).password.length).toBeGreaterThanOrEqual(24)
  await second.stop()
})

test('a port that is taken is an error with the end of the log', async () => {
  const taken = startPostgres({ dataDir: fileOf('second'), home, port: server.port, settings })
  await expect(taken).rejects.toThrow(/PostgreSQL ended with code 1; .*could not bind/s)
})

test('it ends when the process that started it is killed', async () => {
  const script = `
    const { startPostgres } = await import('${import.meta.dirname}/../infra/postgres.ts')
    await startPostgres({ dataDir: '${fileOf('second')}', home: '${home}', port: 0, settings: { fsync: 'off' } })
    console.log('started')
    setInterval(() => {}, 1000)`
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(owner.stdout, 'data')
  const orphan = pid('second')
  owner.kill('SIGKILL')
  await until('PostgreSQL to end', () => !existsSync(`/proc/${orphan}`))
  expect(existsSync(fileOf('second/postmaster.pid'))).toBe(false)
})
