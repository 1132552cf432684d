import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type ClientHttp2Session, connect } from 'node:http2'
import { join } from 'node:path'
import { PromptServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { readMetric } from '#chassis/testing/metric.ts'
import { until } from '#chassis/testing/until.ts'
import { GetPromptRequest } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { type SignedIn, startTestNetwork, type TestNetwork } from './harness.ts'

let network: TestNetwork
let ann: SignedIn
let big: string

beforeAll(async () => {
  network = await startTestNetwork()
  ann = await network.signUp()
  const answer = await network.rest('POST /v1/prompts', {
    token: ann.token,
    body: { title: 'big', content: 'x'.repeat(200_000) },
  })
  big = answer.body.prompt.id
})
afterAll(() => network.stop())

/** An HTTP/2 connection to the prompt service that takes `window` bytes of an answer at a time; none by default. */
async function deafClient(window = 0): Promise<ClientHttp2Session> {
  const file = (name: string) => readFileSync(join(network.certificates, 'client', 'current', name))
  const port = network.services['prompt']!.ports.grpc
  const session = connect(`https://127.0.0.1:${port}`, {
    ca: file('ca.pem'),
    cert: file('cert.pem'),
    key: file('key.pem'),
    settings: { initialWindowSize: window },
  })
  await once(session, 'connect')
  session.on('error', () => undefined)
  return session
}

function askForBig(session: ClientHttp2Session) {
  const message = GetPromptRequest.encode({ promptId: big }).finish()
  const frame = Buffer.concat([Buffer.from([0]), Buffer.alloc(4), message])
  frame.writeUInt32BE(message.length, 1)
  const stream = session.request({
    ':method': 'POST',
    ':path': PromptServiceService.getPrompt.path,
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  stream.on('error', () => undefined)
  stream.end(frame)
  return stream
}

test('a client that never reads does not keep others waiting, and leaves nothing behind', async () => {
  const session = await deafClient()
  const streams = Array.from({ length: 50 }, () => askForBig(session))
  await until('its calls to be worked on', async () => (await handled()) >= 50)

  const prompts = network.stub('prompt', PromptServiceService)
  for (let i = 0; i < 50; i++) {
    const { prompt } = await prompts.getPrompt({ promptId: big }, { timeoutMs: 30_000 })
    expect(prompt?.content.length).toBe(200_000)
  }

  for (const stream of streams) stream.destroy()
  session.destroy()
  await until('nothing to be in flight', async () => (await metric('grpc_server_in_flight')) === 0)
})

test('a slow client gets the whole of its answer', async () => {
  const session = await deafClient(1024)
  const stream = askForBig(session)
  let received = 0
  for await (const piece of stream) received += (piece as Buffer).length
  session.destroy()
  expect(received).toBeGreaterThan(200_000)
})

const handled = () => metric('grpc_server_handled_total{method="/promptforge.prompt.v1.PromptService/GetPrompt"')

const metric = (name: string) =>
  readMetric(`http://127.0.0.1:${network.services['prompt']!.ports.metrics}/metrics`, name)
