import { X509Certificate } from 'node:crypto'
import { createServer, connect as connectTls, type TLSSocket } from 'node:tls'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { lifeFrom, makeAuthority, makeLeaf } from '#chassis/certificates.ts'
import { dnsNamesOf, makeCertificates } from '../certificates.ts'
import { valueOf } from '../kubernetes.ts'
import { type Api, keep, NAMESPACE, startApi } from './api.ts'

const DAY = 86_400_000
const MESH = { trustDomain: 'shop.example', namespace: NAMESPACE }
const AUTHORITY = 'promptforge-authority'

let api: Api

beforeEach(async () => {
  api = await startApi()
})

afterEach(() => api.stop())

const make = (...members: string[]) => makeCertificates(api.open(), MESH, members)
const secretOf = (name: string) => api.secrets.get(name)!
const pemsOf = (name: string) => {
  const [ca, cert, key] = ['ca.crt', 'tls.crt', 'tls.key'].map((value) => valueOf(secretOf(name), value)!)
  return { ca: ca!, cert: cert!, key: key! }
}
const pem = (text: string) => Buffer.from(text).toString('base64')

test('members get certificates of one authority, by which they know each other', async () => {
  expect(await make('user', 'nats')).toEqual([
    expect.stringMatching(/^user-certificate: made, valid until 20..-/),
    expect.stringMatching(/^nats-certificate: made, valid until 20..-/),
  ])
  const certificate = new X509Certificate(pemsOf('user-certificate').cert)
  expect(certificate.subjectAltName!.split(', ')).toEqual([
    'URI:spiffe://shop.example/ns/shop/sa/user',
    'DNS:user',
    'DNS:user.shop.svc',
    'DNS:user.shop.svc.cluster.local',
    'DNS:localhost',
  ])
  expect(Math.round((certificate.validToDate.getTime() - Date.now()) / DAY)).toBe(90)
  expect(secretOf('user-certificate').type).toBe('kubernetes.io/tls')
  // A server that asks for certificates and a client that checks its host name, as one server of NATS asks another.
  expect(await meet('nats-certificate', 'user-certificate', 'nats-0.nats.shop.svc')).toBe(
    'URI:spiffe://shop.example/ns/shop/sa/user',
  )
})

test('what is good is left as it is, and the authority is never changed', async () => {
  await make('user')
  const before = structuredClone([...api.secrets])
  expect(await make('user')).toEqual(['user-certificate: is good'])
  expect([...api.secrets]).toEqual(before)
})

type Flaw = { lifeDays?: number; dnsNames?: string[]; isForeign?: boolean }

test.each<[string, Flaw]>([
  ['has less than a third of its life left', { lifeDays: 29 }],
  ['lacks a name', { dnsNames: ['user'] }],
  ['was signed by another authority', { isForeign: true }],
])(
  'a certificate that %s is renewed',
  async (_what, { lifeDays = 90, dnsNames = dnsNamesOf('user', MESH), isForeign = false }) => {
    await make('user')
    const { ca, key } = pemsOf(AUTHORITY)
    const life = lifeFrom(Date.now(), lifeDays * DAY)
    const authority = isForeign ? await makeAuthority('foreign', life) : { certificate: ca, key }
    const id = 'spiffe://shop.example/ns/shop/sa/user'
    const leaf = await makeLeaf(authority, { id, dnsNames, ipAddresses: [], ...life })
    const secret = secretOf('user-certificate')
    keep(api, { ...secret, data: { ...secret.data, 'tls.crt': pem(leaf.certificate), 'tls.key': pem(leaf.key) } })
    expect(await make('user')).toEqual([expect.stringMatching(/^user-certificate: renewed, valid until /)])
    expect(new X509Certificate(pemsOf('user-certificate').cert).verify(new X509Certificate(ca).publicKey)).toBe(true)
    expect(await meet('user-certificate', 'user-certificate', 'user')).toBe(`URI:${id}`)
  },
)

test('a next authority that the present one is given as well is trusted before it signs', async () => {
  await make('user')
  const { cert } = pemsOf('user-certificate')
  const next = await makeAuthority('next', lifeFrom(Date.now(), 90 * DAY))
  const authority = secretOf(AUTHORITY)
  const bundle = pemsOf(AUTHORITY).ca + next.certificate
  keep(api, { ...authority, data: { ...authority.data, 'ca.crt': pem(bundle) } })
  expect(await make('user')).toEqual(['user-certificate: trusts what the authority says now'])
  expect(pemsOf('user-certificate')).toMatchObject({ ca: bundle, cert })
})

test('a certificate that another program made is left as it is', async () => {
  keep(api, { metadata: { name: 'user-certificate' }, data: { 'tls.crt': pem('of cert-manager') } })
  expect(await make('user')).toEqual(['user-certificate: left as it is, because another program made it'])
  expect(pemsOf('user-certificate').cert).toBe('of cert-manager')
})

test('several at once agree on one authority', async () => {
  await Promise.all([make('user', 'prompt'), make('prompt', 'user'), make('user')])
  const trusted = new X509Certificate(pemsOf(AUTHORITY).cert)
  for (const name of ['user-certificate', 'prompt-certificate']) {
    expect(pemsOf(name).ca).toBe(pemsOf(AUTHORITY).ca)
    expect(new X509Certificate(pemsOf(name).cert).verify(trusted.publicKey)).toBe(true)
  }
})

test('an authority without its key is an error that says what to do', async () => {
  keep(api, { metadata: { name: AUTHORITY }, data: { 'ca.crt': pem('x') } })
  await expect(make('user')).rejects.toThrow(
    `the Secret ${AUTHORITY} lacks ca.crt, tls.crt or tls.key: put it back, or delete it to begin a new authority`,
  )
})

/** Has two Secrets meet over mutual TLS; answers with the first name by which the server knows the client. */
async function meet(serverSecret: string, clientSecret: string, servername: string): Promise<string> {
  const server = createServer({ ...pemsOf(serverSecret), requestCert: true, rejectUnauthorized: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = connectTls({ ...pemsOf(clientSecret), host: '127.0.0.1', port, servername })
  try {
    const [[peer]] = await Promise.all([
      once(server, 'secureConnection') as Promise<[TLSSocket]>,
      once(client, 'secureConnect'),
    ])
    return peer.getPeerCertificate().subjectaltname!.split(', ')[0]!
  } finally {
    client.destroy()
    server.close()
  }
}
