import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, LookupFunction, Socket } from 'node:net'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { fetch } from 'undici'
import { until } from '#chassis/testing/until.ts'
import { allowPublicAnd } from '../providers/addresses.ts'
import { type IssueOptions, MESH, openAuthority } from '../../dev-env/infra/authority.ts'
import { closeConnections, createAgent, guardedFetch } from '../providers/guarded-fetch.ts'
import { answerJson, type ProviderServer, startProviderServer } from './provider-server.ts'

let server: ProviderServer

beforeAll(async () => {
  server = await startProviderServer((response) => void answerJson(response, 200, { ok: true }))
})
afterAll(() => server.stop())

describe('an address', () => {
  test.each(['', 'localhost', '1.2.3'])('is not what %j is', (text) => {
    expect(allowPublicAnd(['0.0.0.0/0', '::/0'])(text)).toBe(false)
  })

  test.each([
    '127.0.0.1',
    '127.8.9.10',
    '0.0.0.0',
    '10.1.2.3',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.100.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fd12:3456::1',
    'fe80::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:a00:1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '::127.0.0.1',
    '2001:0:7f00:1::',
    'fec0::1',
    '192.0.2.1',
    'fe80::1%eth0',
  ])('%s is refused unless its network is listed', (address) => {
    expect(allowPublicAnd([])(address)).toBe(false)
    expect(allowPublicAnd(['0.0.0.0/0', '::/0'])(address)).toBe(true)
  })

  test.each(['1.1.1.1', '8.8.8.8', '172.32.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])('%s is allowed', (address) => {
    expect(allowPublicAnd([])(address)).toBe(true)
  })

  test.each(['10.0.0.0', 'localhost/8', '10.0.0.0/x', ''])('no network is called %j', (network) => {
    expect(() => allowPublicAnd([network])).toThrow(`${network} is not a network`)
  })
})

/** Resolves every name to these addresses, one after another. */
const lookupOf =
  (addresses: string[]): LookupFunction =>
  (_, options, done) => {
    const address = addresses.length > 1 ? addresses.shift()! : addresses[0]!
    if (options.all) done(null, [{ address, family: 4 }])
    else done(null, address, 4)
  }

describe('a name', () => {
  const fetchBy = async (networks: string[], addresses: string[]) => {
    const agent = createAgent(networks, { lookup: lookupOf(addresses) })
    try {
      const answer = await fetch(`http://models.example:${server.port}/`, { dispatcher: agent })
      return await answer.json()
    } finally {
      await agent.close()
    }
  }

  test('that leads to this host is refused, and not asked for anything', async () => {
    server.journal.length = 0
    await expect(fetchBy([], ['127.0.0.1'])).rejects.toMatchObject({ cause: { name: 'AddressRefused' } })
    expect(server.journal).toEqual([])
  })

  test('is judged anew for each connection, by its address', async () => {
    server.journal.length = 0
    // Nobody listens at the first, which is listed.
    const addresses = ['127.0.0.2', '127.0.0.1']
    const agent = createAgent(['127.0.0.2/32'], { lookup: lookupOf(addresses) })
    const fetching = () => fetch(`http://models.example:${server.port}/`, { dispatcher: agent })
    await expect(fetching()).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
    await expect(fetching()).rejects.toMatchObject({ cause: { name: 'AddressRefused' } })
    await agent.close()
    expect(server.journal).toEqual([])
  })

  test('that leads into a listed network is fetched', async () => {
    expect(await fetchBy(['127.0.0.0/8'], ['127.0.0.1'])).toEqual({ ok: true })
  })
})

describe('an answer', () => {
  /** Fetches from a provider that writes these pieces at once. */
  async function fetchFrom<T>(
    { pieces, headers = {} }: { pieces: (string | Buffer)[]; headers?: Record<string, string> },
    read: (answer: Response) => Promise<T>,
  ): Promise<T> {
    const provider = await startProviderServer((response) => {
      response.writeHead(200, headers)
      for (const piece of pieces) response.write(piece)
      response.end()
    })
    try {
      return await read(await guardedFetch(['127.0.0.0/8'], () => undefined)(provider.url))
    } finally {
      await closeConnections()
      await provider.stop()
    }
  }

  test('is read in as few pieces as it came, however many were sent together', async () => {
    const pieces = ['one ', 'two ', 'three']
    const read = await fetchFrom({ pieces }, async ({ body }) => Array.fromAsync(body!))
    expect(read.map((piece) => Buffer.from(piece).toString())).toEqual(['one two three'])
  })

  const LONG = Buffer.alloc(33 * 1024 * 1024)
  test.each([
    ['as it is', { pieces: [LONG] }],
    ['compressed', { pieces: [gzipSync(LONG)], headers: { 'content-encoding': 'gzip' } }],
  ])('that is longer than 32 MiB ends, %s', async (_, written) => {
    const reading = fetchFrom(written, (answer) => answer.arrayBuffer()).catch((error: Error) => error.cause ?? error)
    expect(await reading).toMatchObject({ message: 'the answer is longer than 33554432 bytes' })
  })
})

describe('a provider that speaks TLS', () => {
  const folder = join(process.env['PF_TEST_FOLDER']!, `tls-${randomUUID().slice(0, 8)}`)
  let issue: (options?: IssueOptions) => Promise<string>
  let provider: Server
  let port = 0
  /** Connections that were made to it, and the names that requests were sent to. */
  let connections: Socket[] = []
  let names: unknown[] = []

  beforeAll(async () => {
    const authority = await openAuthority(folder, MESH)
    issue = (options) => authority.issue('models.example', options)
    provider = createServer((request, response) => {
      names.push((request.socket as TLSSocket & { servername: string }).servername)
      response.end('{"ok":true}')
    })
    provider.on('connection', (socket) => connections.push(socket as Socket))
    await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
    port = (provider.address() as AddressInfo).port
  })
  afterAll(async () => {
    await closeConnections()
    provider.close()
    provider.closeAllConnections()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Has the provider show a certificate that was issued so, and answers with the authority that ours are of. */
  async function show(options?: IssueOptions): Promise<string> {
    const read = (name: string) => readFileSync(join(current, name), 'utf8')
    const current = await issue(options)
    provider.setSecureContext({ cert: read('cert.pem'), key: read('key.pem') })
    connections = []
    names = []
    return read('ca.pem')
  }

  async function ask(host: string, networks: string[], ca: string) {
    const agent = createAgent(networks, { lookup: lookupOf(['127.0.0.1']), ca })
    try {
      return await (await fetch(`https://${host}:${port}/`, { dispatcher: agent })).json()
    } finally {
      await agent.close()
    }
  }

  test('is asked by its name when its certificate is of that name and of a trusted authority', async () => {
    const ca = await show()
    expect(await ask('models.example', ['127.0.0.0/8'], ca)).toEqual({ ok: true })
    expect(await ask('127.0.0.1', ['127.0.0.0/8'], ca)).toEqual({ ok: true })
    expect(names).toEqual(['models.example', false])
  })

  test.each([
    ['of an authority that is not trusted', 'models.example', { fault: 'foreign' }, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['that has expired', 'models.example', { fault: 'expired' }, 'CERT_HAS_EXPIRED'],
    ['of another name', 'other.example', {}, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ] as const)('with a certificate %s is sent no request', async (_, host, options, code) => {
    const ca = await show({ ...options, folder: randomUUID() })
    await expect(ask(host, ['127.0.0.0/8'], ca)).rejects.toMatchObject({ cause: { code } })
    expect(names).toEqual([])
  })

  test('with a certificate that this machine does not trust is sent no request', async () => {
    await show()
    let sent = 0
    const fetching = guardedFetch(['127.0.0.0/8'], () => (sent += 1))(`https://localhost:${port}/`)
    await expect(fetching).rejects.toMatchObject({ cause: { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' } })
    expect({ sent, names }).toEqual({ sent: 0, names: [] })
  })

  test('at an address that is not allowed is not even greeted', async () => {
    const ca = await show()
    await expect(ask('models.example', [], ca)).rejects.toMatchObject({ cause: { name: 'AddressRefused' } })
    await until('the connection to be closed', () => connections[0]?.closed)
    expect(connections.map(({ bytesRead }) => bytesRead)).toEqual([0])
  })
})
