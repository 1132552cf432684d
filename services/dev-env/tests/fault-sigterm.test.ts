import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { join } from 'node:path'
import { createStub, openChannel } from '#chassis/grpc/client.ts'
import { openMesh } from '#chassis/grpc/tls.ts'
import { until } from '#chassis/testing/until.ts'
import { loadContract } from '#contracts/contract.ts'
import { PromptServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { type Gateway, startGateway } from '../gateway.ts'
import { freePort } from '../infra/ports.ts'
import { Child } from '../infra/process.ts'
import { MESH } from '../infra/authority.ts'
import { startTestNetwork, type TestNetwork } from './harness.ts'
import { startLoad } from './load.ts'

let network: TestNetwork
let gateway: Gateway
let replicas: Replica[]

type Replica = { port: number; child: Child }

beforeAll(async () => {
  network = await startTestNetwork()
  replicas = [await startReplica(1), await startReplica(2)]
  gateway = await startGateway(
    { port: 0, adminPort: 0, rateLimitFactor: 1000, corsOrigins: [] },
    {
      ...network.place,
      state: join(network.place.state, 'replicas'),
      targets: { user: [network.services['user']!.ports.grpc], prompt: replicas.map(({ port }) => port) },
    },
  )
})
afterAll(async () => {
  await gateway.stop()
  for (const { child } of replicas) await child.stop()
  await network.stop()
})

/** The prompt service as a process of its own, as in production, on the network's database. */
async function startReplica(number: number): Promise<Replica> {
  const port = await freePort()
  const child = new Child({
    name: `prompt replica ${number}`,
    command: process.execPath,
    args: [join(import.meta.dirname, '../../prompt/main.ts')],
    logFile: join(network.place.state, `replica-${number}.log`),
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      ...network.services['prompt']!.env,
      PF_PORT: String(port),
      PF_LOG_LEVEL: 'info',
      PF_DRAIN_SETTLE_MS: '4000',
    },
  })
  await child.ready(async () => child.log(50).includes('"listening"'))
  return { port, child }
}

test('SIGTERM of one of two instances under load fails no call, behind the gateway and behind a gRPC client', async () => {
  const mesh = openMesh({ certificates: join(network.certificates, 'client', 'current'), ...MESH })
  const target = `ipv4:${replicas.map(({ port }) => `127.0.0.1:${port}`).join(',')}`
  const channel = openChannel({ contract: loadContract(), mesh, service: 'prompt', target })
  const prompts = createStub(channel, PromptServiceService)
  const ann = await network.signUp()
  const request = { title: 't', content: 'x', description: '', category: '', tags: [], variables: [], model: '' }
  const overGrpc = startLoad(() => prompts.createPrompt(request, { token: ann.token }), 4)
  const overRest = startLoad(async () => {
    const answer = await fetch(`${gateway.url}/v1/categories`)
    await answer.arrayBuffer()
    if (answer.status !== 200) throw new Error(`answered ${answer.status}`)
  }, 4)
  await until('both loads to run', () => Math.min(overGrpc.count(), overRest.count()) > 100)

  const [leaving] = replicas
  leaving!.child.signal('SIGTERM')
  const code = await leaving!.child.exited
  const atExit = [overGrpc.count(), overRest.count()]
  await until(
    'the other one to serve on',
    () => overGrpc.count() > atExit[0]! + 100 && overRest.count() > atExit[1]! + 100,
  )

  const [grpc, rest] = [await overGrpc.stop(), await overRest.stop()]
  channel.close()
  expect(code).toBe(0)
  expect([grpc.failures, rest.failures]).toEqual([[], []])
})
