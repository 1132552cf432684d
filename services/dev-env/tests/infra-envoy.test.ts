import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { until } from '#chassis/testing/until.ts'
import { type Envoy, envoyBinary, startEnvoy } from '../infra/envoy.ts'

let dir: string
let configPath: string
let upstream: Server
let waiting: ServerResponse[]
let envoy: Envoy

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'envoy-'))
  upstream = createServer((_, response) => void waiting.push(response)).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  configPath = join(dir, 'envoy.json')
  writeFileSync(configPath, JSON.stringify(proxyTo((upstream.address() as { port: number }).port)))
})

afterAll(() => {
  upstream.close()
  upstream.closeAllConnections()
  rmSync(dir, { recursive: true })
})

beforeEach(async () => {
  waiting = []
  envoy = await startEnvoy({ configPath, dir })
})

afterEach(() => envoy.kill())

const type = (name: string) => ({ '@type': `type.googleapis.com/envoy.extensions.${name}` })
const address = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } })

/** A configuration with an admin interface at a socket and a listener `edge` on a free port, that passes everything on to a port. */
const proxyTo = (port: number) => ({
  admin: { address: { pipe: { path: join(dir, 'admin.sock'), mode: 0o600 } } },
  static_resources: {
    listeners: [
      { name: 'edge', address: address(0), filter_chains: [{ filters: [{ name: 'http', typed_config: http }] }] },
    ],
    clusters: [
      {
        name: 'upstream',
        load_assignment: {
          cluster_name: 'upstream',
          endpoints: [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }],
        },
      },
    ],
  },
})

const http = {
  ...type('filters.network.http_connection_manager.v3.HttpConnectionManager'),
  stat_prefix: 'edge',
  access_log: [{ name: 'stdout', typed_config: type('access_loggers.stream.v3.StdoutAccessLog') }],
  route_config: {
    virtual_hosts: [
      { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'upstream' } }] },
    ],
  },
  http_filters: [{ name: 'router', typed_config: type('filters.http.router.v3.Router') }],
}

/** Asks for `/path` through Envoy and answers when the upstream has it; then the answer is in our hands. */
async function ask(path: string) {
  const { edge } = await envoy.ports()
  const answer = fetch(`http://127.0.0.1:${edge}${path}`).then(
    async (response) => `${response.status} ${await response.text()}`,
  )
  answer.catch(() => undefined)
  await until('the request to arrive', () => waiting.length > 0)
  return { answer, finish: () => waiting[0]!.end('done') }
}

test('listeners take free ports, which it tells; logs are apart', async () => {
  const ports = await envoy.ports()
  expect(Object.keys(ports)).toEqual(['edge'])
  expect(ports['edge']).toBeGreaterThan(0)
  const { answer, finish } = await ask('/hello')
  finish()
  expect(await answer).toBe('200 done')
  await envoy.stop()
  expect(readFileSync(join(dir, 'access.log'), 'utf8')).toContain('"GET /hello HTTP/1.1" 200')
  expect(readFileSync(join(dir, 'envoy.log'), 'utf8')).toContain('starting main dispatch loop')
})

test('a running request ends in peace when it stops', async () => {
  const { answer, finish } = await ask('/slow')
  const stopped = envoy.stop()
  const { edge } = await envoy.ports()
  await until('new connections to be refused', () => refuses(edge!))
  finish()
  expect(await answer).toBe('200 done')
  await stopped
  await expect(envoy.ports()).rejects.toThrow(/ECONNREFUSED/)
})

test('a request that does not end is cut when its grace is over', async () => {
  await envoy.kill()
  envoy = await startEnvoy({ configPath, dir, graceMs: 100 })
  const { answer } = await ask('/endless')
  await envoy.stop()
  await expect(answer).rejects.toThrow()
})

test('a configuration that it refuses is an error with its words', async () => {
  const wrong = join(dir, 'wrong.json')
  writeFileSync(wrong, '{"static_resources": {"listeners": [{"nmae": "edge"}]}}')
  await expect(startEnvoy({ configPath: wrong, dir: join(dir, 'wrong') })).rejects.toThrow(
    /Envoy ended with code 1.*nmae/s,
  )
})

test('it ends when the process that started it is killed', async () => {
  const script = `
    const { startEnvoy } = await import('${import.meta.dirname}/../infra/envoy.ts')
    const envoy = await startEnvoy({ configPath: '${configPath}', dir: '${join(dir, 'orphan')}' })
    console.log((await envoy.ports()).edge)
    setInterval(() => {}, 1000)`
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [port] = await once(owner.stdout, 'data')
  owner.kill('SIGKILL')
  await until('Envoy to end', () => refuses(Number(port)))
})

test('PF_ENVOY names another program', () => {
  const before = process.env['PF_ENVOY']
  process.env['PF_ENVOY'] = '/opt/envoy'
  expect(envoyBinary()).toBe('/opt/envoy')
  if (before === undefined) delete process.env['PF_ENVOY']
  else process.env['PF_ENVOY'] = before
})

async function refuses(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const refused = await once(socket, 'connect').then(
    () => false,
    () => true,
  )
  socket.destroy()
  return refused
}
