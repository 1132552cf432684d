import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { readFileSync } from 'node:fs'
import { status } from '@grpc/grpc-js'
import { createStub, openChannel } from '#chassis/grpc/client.ts'
import { readStatus } from '#chassis/grpc/status.ts'
import { openMesh } from '#chassis/grpc/tls.ts'
import { until } from '#chassis/testing/until.ts'
import { loadContract } from '#contracts/contract.ts'
import { PromptServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { MESH } from '../network.ts'
import { startTestNetwork, type TestNetwork } from './harness.ts'
import { startLoad } from './load.ts'

const MEMBERS = ['user', 'prompt', 'gateway', 'client']
let network: TestNetwork

beforeAll(async () => {
  network = await startTestNetwork()
})
afterAll(() => network.stop())

const client = (folder: string) => {
  const target = `localhost:${network.services['prompt']!.ports.grpc}`
  const mesh = openMesh({ certificates: join(network.certificates, folder, 'current'), ...MESH })
  const channel = openChannel({ contract: loadContract(), mesh, service: 'prompt', target })
  return { prompts: createStub(channel, PromptServiceService), close: channel.close }
}

/** The serial number of the certificate that the prompt service shows to a new connection. */
const serialShown = () =>
  new Promise<string>((resolve, reject) => {
    const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) =>
      readFileSync(join(network.certificates, 'client', 'current', name)),
    )
    const port = network.services['prompt']!.ports.grpc
    const socket = connect({
      port,
      host: '127.0.0.1',
      ca: ca!,
      cert: cert!,
      key: key!,
      servername: 'localhost',
      ALPNProtocols: ['h2'],
    })
    socket.on('error', reject)
    socket.on('secureConnect', () => {
      resolve(socket.getPeerCertificate().serialNumber)
      socket.destroy()
    })
  })

test('certificates and their authority are replaced while calls run, and no call fails', async () => {
  const direct = network.stub('prompt', PromptServiceService)
  const overGrpc = startLoad(() => direct.listCategories({}), 4)
  const overRest = startLoad(async () => {
    const { status: code } = await network.rest('GET /v1/categories')
    if (code !== 200) throw new Error(`answered ${code}`)
  }, 4)
  const first = await serialShown()

  for (const member of MEMBERS) await network.authority.rotate(member)
  const second = await until('new connections to see the new certificate', async () => {
    const serial = await serialShown()
    return serial !== first && serial
  })
  await network.authority.rotateAuthority()
  // Whoever has read the new bundle trusts both authorities: only then may one show a certificate of the new one.
  await until('everybody to have read the bundle', () => reloaded(2))
  for (const member of MEMBERS) await network.authority.rotate(member)
  await until('a certificate of the new authority', async () => (await serialShown()) !== second)
  await network.stub('prompt', PromptServiceService).listCategories({})

  const [grpc, rest] = [await overGrpc.stop(), await overRest.stop()]
  expect([grpc.failures, rest.failures]).toEqual([[], []])
  expect(Math.min(grpc.succeeded, rest.succeeded)).toBeGreaterThan(100)
})

test.each([
  ['that has expired', 'expired'],
  ['of an authority that nobody here trusts', 'foreign'],
] as const)('a certificate %s opens nothing', async (_, fault) => {
  await network.authority.issue('client', { fault, folder: fault })
  const { prompts, close } = client(fault)
  const error = await prompts.listCategories({}, { timeoutMs: 1500 }).then(() => undefined, readStatus)
  close()
  expect([status.UNAVAILABLE, status.DEADLINE_EXCEEDED]).toContain(error?.code)
})

test('a client talks only to the service that it means', async () => {
  const target = `localhost:${network.services['user']!.ports.grpc}`
  const mesh = openMesh({ certificates: join(network.certificates, 'client', 'current'), ...MESH })
  const channel = openChannel({ contract: loadContract(), mesh, service: 'prompt', target })
  const call = createStub(channel, PromptServiceService).listCategories({}, { timeoutMs: 1500 })
  const error = await call.then(() => undefined, readStatus)
  channel.close()
  expect([status.UNAVAILABLE, status.DEADLINE_EXCEEDED]).toContain(error?.code)
})

let readings = 0
async function reloaded(count: number) {
  await serialShown()
  readings += 1
  return readings > count * 60
}
