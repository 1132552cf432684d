import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { LookupFunction } from 'node:net'
import { fetch } from 'undici'
import { allowPublicAnd } from '../providers/addresses.ts'
import { createAgent } from '../providers/guarded-fetch.ts'
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

describe('a name', () => {
  /** Resolves every name to these addresses, one after another. */
  const lookupOf =
    (addresses: string[]): LookupFunction =>
    (_, options, done) => {
      const address = addresses.length > 1 ? addresses.shift()! : addresses[0]!
      if (options.all) done(null, [{ address, family: 4 }])
      else done(null, address, 4)
    }

  const fetchBy = async (networks: string[], addresses: string[]) => {
    const agent = createAgent(networks, lookupOf(addresses))
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
    const agent = createAgent(['127.0.0.2/32'], lookupOf(addresses))
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
