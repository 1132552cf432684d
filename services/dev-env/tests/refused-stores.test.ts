import { once } from 'node:events'
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { testDatabase } from '#chassis/testing/database.ts'
import { testMongo } from '#chassis/testing/mongo.ts'
import { testMesh } from '#chassis/testing/service.ts'
import { startTcpProxy } from '#chassis/testing/tcp-proxy.ts'
import { until } from '#chassis/testing/until.ts'
import { freePort } from '../infra/ports.ts'
import { type SilentServer, startSilentServer } from './silent-server.ts'

const PASSWORD = 'hush-5f1c'

type Case = {
  name: string
  variable: string
  /** A server of this kind that runs, with a database of the test's own. */
  store(): Promise<{ url: string; env: Record<string, string>; drop(): Promise<void> }>
  absentDatabase: boolean
}

const CASES: Case[] = [
  { name: 'user', variable: 'PF_POSTGRES_URL', store: () => testDatabase(), absentDatabase: true },
  { name: 'version', variable: 'PF_MONGO_URL', store: () => testMongo(), absentDatabase: false },
]

describe.each(CASES)('$name', ({ name, variable, store, absentDatabase }) => {
  let database: Awaited<ReturnType<Case['store']>>
  let good: URL

  beforeAll(async () => {
    database = await store()
    good = new URL(database.url)
  })
  afterAll(() => database.drop())

  /** Starts it as a process of its own, with the store at `url`. */
  function launch(url: string, args: string[]) {
    const env = {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      PF_HOST: '127.0.0.1',
      PF_PORT: '0',
      PF_HEALTH_PORT: '0',
      PF_METRICS_PORT: '0',
      PF_CERTIFICATES: testMesh(name).certificates,
      PF_NATS_URL: 'nats://127.0.0.1:1',
      PF_PAGE_TOKEN_SECRET: 'a secret for page tokens of tests',
      PF_SIGNING_KEY_SECRET: 'a secret for signing keys of tests',
      PF_DRAIN_SETTLE_MS: '0',
      ...database.env,
      [variable]: url,
    }
    return watch(spawn(process.execPath, [join(import.meta.dirname, `../../${name}/main.ts`), ...args], { env }))
  }

  const refusals: [string, () => string, string][] = [
    ['a wrong password', () => urlWith({ username: 'postgres', password: PASSWORD }), 'the user or the password'],
    ['raw special characters', () => good.href.replace(/\/\/.*@/, `//ann:12/${PASSWORD}#%@`), 'two hexadecimal digits'],
  ]
  if (absentDatabase)
    refusals.push(['an absent database', () => urlWith({ pathname: '/nobody' }), 'does not have the database'])
  const urlWith = (parts: Partial<URL>) => Object.assign(new URL(good), parts).href

  describe.each([['migrate'], ['serve']])('%s', (command) => {
    test.each(refusals)('ends at %s with one line that says what to mend', async (_, url, problem) => {
      const { ended, lines, output } = launch(url(), command === 'serve' ? [] : [command])
      expect(await ended).toBe(1)
      expect(lines()).toEqual([expect.objectContaining({ level: 'fatal', service: name })])
      expect(lines()[0]!.msg).toContain(problem)
      expect(lines()[0]!.msg).toContain(variable)
      expect(output()).not.toContain(PASSWORD)
    })
  })

  test('migrate waits for a store that is down, and says so once', async () => {
    const port = await freePort()
    const { ended, lines } = launch(urlWith({ port: String(port) }), ['migrate'])
    await until('it to wait', () => lines().length > 0)
    expect(lines()).toEqual([expect.objectContaining({ level: 'warn' })])
    expect(lines()[0]!.msg).toMatch(`does not answer: start it, or correct host and port in ${variable}. Waiting`)
    const proxy = await startTcpProxy(good.href, port)
    expect(await ended).toBe(0)
    expect(lines().filter(({ level }) => level !== 'info')).toHaveLength(1)
    expect(lines().at(-1)).toMatchObject({ msg: 'migrated' })
    proxy.close()
  })

  test.each([
    ['the store is down', () => freePort()],
    ['the network to the store swallows what is sent', () => silent.port],
  ])('serving starts while %s', async (_, port) => {
    const { child, ended, lines } = launch(urlWith({ port: String(await port()) }), [])
    await until('it to listen', () => lines().some(({ msg }) => msg === 'listening'))
    expect(lines()[0]).toMatchObject({ level: 'warn', msg: expect.stringContaining(variable) })
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })
})

let silent: SilentServer
beforeAll(async () => {
  silent = await startSilentServer()
})
afterAll(() => silent[Symbol.dispose]())

/** A process, and the lines of JSON that it has written to its standard output. */
function watch(child: ChildProcess) {
  let output = ''
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk) => (output += String(chunk)))
  const lines = () =>
    output
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { level: string; msg: string })
  const ended = once(child, 'close').then(([code]) => code as number)
  return { child, ended, lines, output: () => output }
}
