import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { connect as secure } from 'node:tls'
import { promisify } from 'node:util'
import { until } from '#chassis/testing/until.ts'
import { openAuthority } from '../../dev-env/infra/authority.ts'
import { packagedProgram } from '../../dev-env/infra/programs.ts'
import { startTestBroker } from '../../dev-env/infra/test-broker.ts'
import { certificatesOf } from './harness.ts'

const run = promisify(execFile)
const MAIN = join(import.meta.dirname, '../main.ts')

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(process.env['PF_TEST_FOLDER']!, 'broker-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs the program with an environment of nothing else. */
const main = (command: string, env: Record<string, string>) => run(process.execPath, [MAIN, command], { env })

describe('the program', () => {
  test('writes a configuration that NATS accepts, and says where', async () => {
    const { stdout } = await main('render', {
      PF_NATS_FOLDER: folder,
      PF_NATS_DATA: join(folder, 'data'),
      PF_CERTIFICATES: certificatesOf('nats'),
    })
    const file = join(folder, 'nats.json')
    expect(stdout).toBe(`${file}\n`)
    const { stderr } = await run(packagedProgram('nats-server'), ['-t', '--config', file])
    expect(stderr).toContain('is valid')
  })

  test('says the same as values of the Helm chart', async () => {
    await main('render', {
      PF_NATS_FOLDER: folder,
      PF_NATS_DATA: join(folder, 'data'),
      PF_CERTIFICATES: certificatesOf('nats'),
      PF_NAMESPACE: 'shop',
    })
    const {
      tls,
      jetstream,
      host: _,
      port: _port,
      ...rest
    } = JSON.parse(readFileSync(join(folder, 'nats.json'), 'utf8'))
    const { stdout } = await main('values', { PF_NAMESPACE: 'shop' })
    const { config } = JSON.parse(stdout)
    expect(config.merge).toEqual(rest)
    expect(config.merge.authorization.users).toContainEqual({ user: 'spiffe://promptforge.local/ns/shop/sa/deploy' })
    expect(tls).toMatchObject(config.nats.tls.merge)
    expect(jetstream).toEqual({ store_dir: join(folder, 'data'), ...config.jetstream.merge })
  })

  test('says all that is wrong at once', async () => {
    const failure = main('render', { PF_NATS_FOLDER: 'here', PF_NATS_PORT: 'nats' })
    const { stderr } = (await failure.catch((error: unknown) => error)) as { stderr: string }
    for (const name of ['folder', 'storeDir', 'port', 'mesh.certificates']) expect(stderr).toContain(name)
  })

  test('knows its words', async () => {
    await expect(main('remove', {})).rejects.toThrow(
      'unknown command: run `node services/broker/main.ts render`, `… values`, `… apply` or `… rewind SERVICE TIME`',
    )
  })
})

test('new certificates are shown after SIGHUP, and nobody is cut off', async () => {
  const certificates = join(folder, 'certificates')
  const authority = await openAuthority(certificates, { trustDomain: 'promptforge.local', namespace: 'promptforge' })
  for (const member of ['nats', 'deploy']) await authority.issue(member)
  const broker = await startTestBroker(certificates)
  const shown = () => serialShown(broker.port, join(certificates, 'deploy', 'current'))
  const before = await shown()
  await authority.rotate('nats')
  broker.reload()
  await until('the new certificate', async () => (await shown()) !== before)
  expect((await broker.manager.streams.info('PF_USER')).config.name).toBe('PF_USER')
  await broker.stop()
})

/** The serial number of the certificate that the broker shows to a new connection. */
async function serialShown(port: number, certificates: string) {
  const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => readFileSync(join(certificates, name)))
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'data') // it greets in plain text
  const tls = secure({ socket, ca, cert, key, servername: 'localhost' })
  await once(tls, 'secureConnect')
  const { serialNumber } = tls.getPeerCertificate()
  tls.destroy()
  return serialNumber
}
