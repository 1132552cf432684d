import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { answers } from '../infra/postgres-url.ts'
import { dockerAnswers } from '../infra/docker.ts'
import { placesOf } from '../infra/places.ts'
import { assertPortFree, freePort } from '../infra/ports.ts'
import { writeConnections } from '../infra/connections-file.ts'
import { mongoAnswers } from '../infra/mongo.ts'
import { together } from '../infra/store.ts'
import { provideMongo, providePostgres } from '../infra/stores.ts'
import { startSilentServer } from './silent-server.ts'

const { state, postgres: home } = placesOf()
const folder = `${basename(process.env['PF_TEST_FOLDER']!)}/stores`
const environment = { ...process.env }

let dir: string

beforeAll(() => void (dir = mkdtempSync(join(tmpdir(), 'stores-'))))
afterAll(() => rmSync(dir, { recursive: true }))

beforeEach(() => {
  process.env['DOCKER_HOST'] = `unix://${dir}/nobody.sock`
  delete process.env['PF_POSTGRES_URL']
  delete process.env['PF_MONGO_URL']
  delete process.env['PF_STORES']
})

afterEach(() => {
  for (const place of [state, home]) rmSync(join(place, folder), { recursive: true, force: true })
  Object.assign(process.env, environment)
})

test('without a URL and Docker, PostgreSQL comes from the packages', async () => {
  const postgres = await providePostgres({ port: 0, durable: false, folder })
  expect(postgres).toMatchObject({ source: 'packages', dataDir: join(home, folder, 'postgres') })
  expect(await answers(postgres.url)).toBe(true)
  await postgres.stop()
  expect(await answers(postgres.url)).toBe(false)
})

test('a URL in the configuration comes first, and nothing is started', async () => {
  process.env['PF_POSTGRES_URL'] = process.env['PF_TEST_POSTGRES_URL']
  const postgres = await providePostgres({ port: 0, folder })
  expect(postgres).toMatchObject({ source: 'configuration', url: process.env['PF_TEST_POSTGRES_URL'] })
  await postgres.stop()
  expect(await answers(postgres.url)).toBe(true)
  expect(existsSync(join(home, folder))).toBe(false)
})

test('a URL where nobody answers is an error that names its variable and not its password', async () => {
  const port = await freePort()
  process.env['PF_POSTGRES_URL'] = `postgres://postgres:secret@127.0.0.1:${port}/postgres`
  const failure = await providePostgres({ port: 0, folder }).catch((error: Error) => error.message)
  expect(failure).toBe(`PF_POSTGRES_URL names 127.0.0.1:${port}, but no PostgreSQL answers there`)
})

test('of a URL with several hosts and a password, an error names the hosts', async () => {
  const port = await freePort()
  process.env['PF_MONGO_URL'] = `mongodb://ann:p%40ss@127.0.0.1:${port},localhost:${port}/?replicaSet=rs0`
  const failure = await provideMongo({ port: 0, folder }).catch((error: Error) => error.message)
  expect(failure).toBe(`PF_MONGO_URL names 127.0.0.1:${port},localhost:${port}, but no MongoDB answers there`)
})

test('stores come side by side, and when one cannot be had the others are stopped', async () => {
  const port = await freePort()
  const url = `postgres://postgres:secret@127.0.0.1:${port}/postgres`
  const mongo = provideMongo({ port: 0, folder })
  const both = together({ mongo, postgres: providePostgres({ port: 0, url, folder }) })
  await expect(both).rejects.toThrow('but no PostgreSQL answers there')
  expect(await mongo).toMatchObject({ source: 'packages', dataDir: join(state, folder, 'mongo') })
  expect(await mongoAnswers((await mongo).url)).toBe(false)
})

test('data in Docker are not forgotten when Docker does not answer', async () => {
  mkdirSync(join(state, folder, 'postgres-docker'), { recursive: true })
  await expect(providePostgres({ port: 0, folder })).rejects.toThrow('in Docker, which does not answer')
})

test('a Docker that has no PostgreSQL to give does not stop the start', async () => {
  const file = join(dir, 'empty.sock')
  const daemon = createHttpServer((request, response) => response.writeHead(request.url === '/_ping' ? 200 : 500).end())
  await once(daemon.listen(file), 'listening')
  process.env['DOCKER_HOST'] = `unix://${file}`
  const postgres = await providePostgres({ port: 0, durable: false, folder })
  expect(postgres.source).toBe('packages')
  expect(existsSync(join(state, folder, 'postgres-docker'))).toBe(false)
  await postgres.stop()
  daemon.closeAllConnections()
  daemon.close()
})

test('PF_STORES takes two words', async () => {
  process.env['PF_STORES'] = 'podman'
  await expect(providePostgres({ port: 0, folder })).rejects.toThrow("PF_STORES is 'podman'")
})

test('a Docker daemon is one that answers a ping, soon', async () => {
  const file = join(dir, 'docker.sock')
  const daemon = createHttpServer((request, response) => response.writeHead(request.url === '/_ping' ? 200 : 404).end())
  await once(daemon.listen(file), 'listening')
  expect(await dockerAnswers(`unix://${file}`)).toBe(true)
  daemon.close()
  expect(await dockerAnswers(`unix://${file}`)).toBe(false)
  using silent = await startSilentServer()
  expect(await dockerAnswers(`tcp://127.0.0.1:${silent.port}`)).toBe(false)
})

test('a port in use is an error that says which, and what to set', async () => {
  const holder = createServer().listen(0, '0.0.0.0')
  await once(holder, 'listening')
  const { port } = holder.address() as { port: number }
  const problem = `port ${port} (gateway) is in use: choose another with PF_GATEWAY_PORT`
  await expect(assertPortFree(port, 'gateway', 'PF_GATEWAY_PORT')).rejects.toThrow(problem)
  holder.close()
  await once(holder, 'close')
  await assertPortFree(port, 'gateway', 'PF_GATEWAY_PORT')
})

test('connections.env is for its owner alone, and can be sourced', () => {
  writeConnections({ PF_URL: 'http://127.0.0.1:8080', PASSWORD: "it's" }, dir)
  writeConnections({ PF_URL: 'http://127.0.0.1:8081', PASSWORD: "it's" }, dir)
  const file = join(dir, 'connections.env')
  expect(readFileSync(file, 'utf8')).toBe("PF_URL='http://127.0.0.1:8081'\nPASSWORD='it'\\''s'\n")
  expect(statSync(file).mode & 0o777).toBe(0o600)
})
