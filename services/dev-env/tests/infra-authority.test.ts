import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Authority, openAuthority } from '../infra/authority.ts'

const MESH = { trustDomain: 'pf.test', namespace: 'tests' }

let dir: string
let authority: Authority

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'authority-'))
  authority = await openAuthority(dir, MESH)
})

afterAll(() => rmSync(dir, { recursive: true }))

const read = (folder: string, name: string) => readFileSync(join(folder, name), 'utf8')
const certificate = (folder: string) => new X509Certificate(read(folder, 'cert.pem'))

/** Shakes hands with mutual TLS, each side with the files of a folder; answers with what the server has against the client. */
async function handshake(server: string, client: string): Promise<string | null> {
  const files = (folder: string) => ({
    ca: read(folder, 'ca.pem'),
    cert: read(folder, 'cert.pem'),
    key: read(folder, 'key.pem'),
  })
  const listener = createServer({ ...files(server), requestCert: true, rejectUnauthorized: false }).listen(
    0,
    '127.0.0.1',
  )
  await once(listener, 'listening')
  const { port } = listener.address() as { port: number }
  const socket = connect({ port, host: 'localhost', ...files(client) })
  const [[accepted]] = await Promise.all([once(listener, 'secureConnection'), once(socket, 'secureConnect')])
  const objection = (accepted as TLSSocket).authorizationError
  socket.destroy()
  listener.close()
  return objection && String(objection)
}

test('a certificate names its service, for both ends of a connection, for thirty days', async () => {
  const folder = await authority.issue('user')
  const leaf = certificate(folder)
  expect(leaf.subjectAltName).toBe(
    'URI:spiffe://pf.test/ns/tests/sa/user, DNS:user, DNS:localhost, IP Address:127.0.0.1',
  )
  expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'])
  expect(leaf.ca).toBe(false)
  expect((leaf.validToDate.getTime() - Date.now()) / 86_400_000).toBeCloseTo(30, 2)
  expect(leaf.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1')
  expect(statSync(join(folder, 'key.pem')).mode & 0o777).toBe(0o600)
  expect(statSync(join(dir, 'authority/current/key.pem')).mode & 0o777).toBe(0o600)
})

test('two services trust each other', async () => {
  expect(await handshake(await authority.issue('user'), await authority.issue('prompt'))).toBeNull()
})

test('an expired and a foreign certificate are refused', async () => {
  const user = await authority.issue('user')
  const expired = await authority.issue('prompt', { fault: 'expired', folder: 'prompt-expired' })
  const foreign = await authority.issue('prompt', { fault: 'foreign', folder: 'prompt-foreign' })
  expect(await handshake(user, expired)).toBe('CERT_HAS_EXPIRED')
  expect(await handshake(user, foreign)).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
})

test('what was issued is found again, and renewed when it is over or for another mesh', async () => {
  const serial = certificate(await authority.issue('user')).serialNumber
  const again = await openAuthority(dir, MESH)
  expect(certificate(await again.issue('user')).serialNumber).toBe(serial)
  await again.issue('user', { fault: 'expired' })
  const renewed = certificate(await again.issue('user'))
  expect(renewed.validToDate.getTime()).toBeGreaterThan(Date.now())
  const elsewhere = await openAuthority(dir, { ...MESH, namespace: 'elsewhere' })
  expect(certificate(await elsewhere.issue('user')).subjectAltName).toContain('/ns/elsewhere/sa/user')
})

test('a rotation replaces all three files by one symbolic link and leaves the files before it', async () => {
  const folder = await authority.issue('version')
  const before = readlinkSync(folder)
  const serial = certificate(folder).serialNumber
  await authority.rotate('version')
  expect(readlinkSync(folder)).not.toBe(before)
  expect(certificate(folder).serialNumber).not.toBe(serial)
  expect(certificate(join(dirname(folder), before)).serialNumber).toBe(serial)
  await authority.rotate('version')
  expect(existsSync(join(dirname(folder), before))).toBe(false)
})

test('through a rotation of the authority no two services lose each other', async () => {
  const [user, prompt] = [await authority.issue('user'), await authority.issue('prompt')]
  const before = certificate(user)
  await authority.rotateAuthority()
  expect(certificate(user).serialNumber).toBe(before.serialNumber)
  expect(await handshake(user, prompt)).toBeNull()
  await authority.rotate('prompt')
  expect(certificate(prompt).verify(before.publicKey)).toBe(false)
  expect(await handshake(user, prompt)).toBeNull()
  expect(await handshake(prompt, user)).toBeNull()
})
