import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { Server, ServerCredentials, status } from '@grpc/grpc-js'
import { createStub, openChannel } from '#chassis/grpc/client.ts'
import { readStatus } from '#chassis/grpc/status.ts'
import { type Mesh, openMesh } from '#chassis/grpc/tls.ts'
import { until } from '#chassis/testing/until.ts'
import { loadContract } from '#contracts/contract.ts'
import { PromptServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { MESH } from '../infra/authority.ts'
import { startTestNetwork, type TestNetwork } from './harness.ts'
import { startLoad } from './load.ts'

const MEMBERS = ['user', 'prompt', 'gateway', 'client']
let network: TestNetwork

beforeAll(async () => {
  network = await startTestNetwork()
})
afterAll(() => network.stop())

const promptsOf = (mesh: Mesh, target = `localhost:${network.services['prompt']!.ports.grpc}`) => {
  const channel = openChannel({ contract: loadContract(), mesh, service: 'prompt', target })
  return { prompts: createStub(channel, PromptServiceService), close: channel.close }
}

const meshIn = (folder: string) => openMesh({ certificates: join(network.certificates, folder, 'current'), ...MESH })

const pemsIn = (folder: string) =>
  ['ca.pem', 'cert.pem', 'key.pem'].map((name) =>
    readFileSync(join(network.certificates, folder, 'current', name)),
  ) as [Buffer, Buffer, Buffer]

/** The serial number of the certificate that the prompt service shows to a new connection. */
const serialShown = () =>
  new Promise<string>((resolve, reject) => {
    const [ca, cert, key] = pemsIn('client')
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
  const mesh = meshIn('client')
  const direct = promptsOf(mesh)
  const overGrpc = startLoad(() => direct.prompts.listCategories({}, { timeoutMs: 30_000 }), 4)
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
  // Only when everybody trusts both authorities may anybody show a certificate of the new one.
  await network.authority.issue('prompt', { folder: 'probe' })
  await until('the services to trust the new authority', () => isTrustedByServices('probe'))
  await until('the client to trust the new authority', () => isTrustedBy(mesh, 'probe'))
  await until('the gateway to trust the new authority', async () => (await gatewayAuthorities()) === 2)
  for (const member of MEMBERS) await network.authority.rotate(member)
  await until('a certificate of the new authority', async () => (await serialShown()) !== second)
  await network.stub('prompt', PromptServiceService).listCategories({})

  await until('calls after all of that', () => Math.min(overGrpc.count(), overRest.count()) > 100)
  const [grpc, rest] = [await overGrpc.stop(), await overRest.stop()]
  direct.close()
  expect([grpc.failures, rest.failures]).toEqual([[], []])
})

test.each([
  ['that has expired', 'expired'],
  ['of an authority that nobody here trusts', 'foreign'],
] as const)('a certificate %s opens nothing', async (_, fault) => {
  await network.authority.issue('client', { fault, folder: fault })
  const { prompts, close } = promptsOf(meshIn(fault))
  const error = await prompts.listCategories({}, { timeoutMs: 1500 }).then(() => undefined, readStatus)
  close()
  expect([status.UNAVAILABLE, status.DEADLINE_EXCEEDED]).toContain(error?.code)
})

test('a client talks only to the service that it means', async () => {
  const { prompts, close } = promptsOf(meshIn('client'), `localhost:${network.services['user']!.ports.grpc}`)
  const error = await prompts.listCategories({}, { timeoutMs: 1500 }).then(() => undefined, readStatus)
  close()
  expect([status.UNAVAILABLE, status.DEADLINE_EXCEEDED]).toContain(error?.code)
})

/** Whether every service lets in who shows the certificate in `folder`. */
async function isTrustedByServices(folder: string) {
  const prompts = promptsOf(meshIn(folder))
  const answer = await prompts.prompts.listCategories({}, { timeoutMs: 500 }).finally(prompts.close)
  return answer.categories.length > 0
}

/** Whether `mesh` takes a server that shows the certificate in `folder` for the prompt service. */
async function isTrustedBy(mesh: Mesh, folder: string) {
  const [ca, cert, key] = pemsIn(folder)
  const server = new Server()
  const credentials = ServerCredentials.createSsl(ca, [{ cert_chain: cert, private_key: key }], true)
  const port = await promisify(server.bindAsync.bind(server))('127.0.0.1:0', credentials)
  const { prompts, close } = promptsOf(mesh, `localhost:${port}`)
  const error = await prompts.listCategories({}, { timeoutMs: 500 }).then(() => undefined, readStatus)
  close()
  server.forceShutdown()
  // It has no such method, and could say so.
  return error?.code === status.UNIMPLEMENTED
}

/** How many authorities the gateway trusts for what it connects to. */
async function gatewayAuthorities() {
  const answer = await fetch(`${network.gateway.adminUrl}/certs`)
  const { certificates } = (await answer.json()) as { certificates: { ca_cert: unknown[] }[] }
  return Math.min(...certificates.map(({ ca_cert }) => ca_cert.length))
}
