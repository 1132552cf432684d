import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { until } from '#chassis/testing/until.ts'
import { gatewayMemory, stat } from './gateway-stats.ts'
import { type SignedIn, startTestNetwork, type TestNetwork } from './harness.ts'

/** Versions of 600 KB each, more than all buffers on the way hold. */
const VERSIONS = 50
const LONG = '€'.repeat(199_900)

let network: TestNetwork
let owner: SignedIn

beforeAll(async () => {
  network = await startTestNetwork()
  owner = await network.signUp()
  const { token } = owner
  const { body } = await network.rest('POST /v1/prompts', { token, body: { title: 'Long', content: `${LONG}1` } })
  for (let version = 2; version <= VERSIONS; version++)
    await network.rest(`PATCH /v1/prompts/${body.prompt.id}`, { token, body: { content: `${LONG}${version}` } })
  await network.processAll()
})
afterAll(() => network.stop())

/** Begins a download; nothing of the body is read yet. */
const open = () =>
  new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { authorization: `Bearer ${owner.token}` }
    request(`${network.gateway.url}/v1/prompts:export`, { headers }, resolve).on('error', reject).end()
  })

const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

test('a user downloads tens of megabytes through the gateway, as a file of JSON lines', async () => {
  const { status, headers, body } = await network.rest('GET /v1/prompts:export', { token: owner.token })
  expect(status).toBe(200)
  expect(headers.get('content-type')).toBe('application/x-ndjson')
  expect(headers.get('content-disposition')).toBe('attachment; filename="prompts.ndjson"')
  expect(headers.get('cache-control')).toBe('no-store')
  expect(Buffer.byteLength(body)).toBeGreaterThan(25 * 1024 * 1024)
  const lines = linesOf(body)
  expect(lines[0].prompt).toMatchObject({ title: 'Long', version: VERSIONS, username: owner.username, isPublic: true })
  expect(lines.slice(1, -1).map(({ version }) => version.version)).toEqual(
    Array.from({ length: VERSIONS }, (_, index) => index + 1),
  )
  expect(lines[VERSIONS].version.content).toBe(`${LONG}${VERSIONS}`)
  expect(lines.at(-1)).toEqual({ end: { prompts: 1, versions: VERSIONS } })
})

test('nobody downloads without a token, and what is refused is an error as of any call', async () => {
  const { status, body } = await network.rest('GET /v1/prompts:export')
  expect({ status, code: body.code }).toEqual({ status: 401, code: 16 })
})

test('a reader that stops costs the gateway and the service a few megabytes, and has the whole file when it goes on', async () => {
  const idle = await gatewayMemory(network)
  const answer = await open()
  let before = -1
  const received = () => stat(network, 'cluster.version.upstream_cx_rx_bytes_total')
  const begun = await received()
  await until('the download to be held back', async () => {
    const now = await received()
    const isSteady = now === before && now > begun
    before = now
    return isSteady
  })
  const held = (await gatewayMemory(network)) - idle
  expect(held).toBeLessThan(8 * 1024 * 1024)

  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  expect(linesOf(Buffer.concat(chunks).toString()).at(-1)).toEqual({ end: { prompts: 1, versions: VERSIONS } })
})

test('who leaves in the middle ends the download, and begins another', async () => {
  const answer = await open()
  answer.destroy()
  await until('another to begin', async () => {
    const again = await open()
    again.destroy()
    return again.statusCode === 200
  })
})
