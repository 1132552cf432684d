import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { LabelServiceService } from '#contracts/gen/promptforge/version/v1/label_service.ts'
import { type SignedIn, startTestNetwork, type TestNetwork } from './harness.ts'

let network: TestNetwork
let owner: SignedIn

beforeAll(async () => {
  network = await startTestNetwork()
  owner = await network.signUp()
})
afterAll(() => network.stop())

/** A prompt with these contents, a version each. */
async function create(...[first, ...others]: string[]): Promise<string> {
  const body = { title: 'Title', content: first }
  const answer = await network.rest('POST /v1/prompts', { token: owner.token, body })
  const { id } = answer.body.prompt
  for (const content of others) {
    await network.rest(`PATCH /v1/prompts/${id}`, { token: owner.token, body: { content } })
  }
  return id as string
}

test('an owner moves a label from version to version, an application reads what it names, and the history says what happened', async () => {
  const promptId = await create('Content 1', 'Content 2', 'Content 3')
  const path = `/v1/prompts/${promptId}/labels/production`
  const set = (version: number, more: object = {}) =>
    network.rest(`PUT ${path}`, { token: owner.token, body: { version, ...more } })
  expect((await network.rest(`GET ${path}`)).status).toBe(404)
  expect((await set(1)).body.label).toMatchObject({ name: 'production', version: 1, seq: 1, userId: owner.id })
  expect((await network.rest(`GET ${path}`)).body).toMatchObject({
    label: { name: 'production', version: 1, seq: 1 },
    version: { version: 1, content: 'Content 1', username: owner.username },
    notModified: false,
  })
  expect((await set(3, { expectedSeq: 1 })).status).toBe(200)
  const raced = await set(2, { expectedSeq: 1 })
  expect(raced).toMatchObject({ status: 409, body: { code: 10 } })
  expect(raced.body.details[0]).toMatchObject({ reason: 'LABEL_MOVED', metadata: { seq: '2' } })
  expect((await network.rest(`GET ${path}`)).body.version).toMatchObject({ version: 3, content: 'Content 3' })
  const labels = await network.rest(`GET /v1/prompts/${promptId}/labels`)
  expect(labels.body).toMatchObject({ labels: [{ name: 'production', version: 3, seq: 2 }], nextPageToken: '' })

  expect(await network.rest(`DELETE ${path}`, { token: owner.token })).toMatchObject({ status: 200, body: {} })
  expect((await network.rest(`GET ${path}`)).status).toBe(404)
  expect((await network.rest(`DELETE ${path}`, { token: owner.token })).status).toBe(404)
  const { body: newest } = await network.rest(`GET ${path}/changes?page_size=2`)
  const { body: oldest } = await network.rest(`GET ${path}/changes?page_token=${newest.nextPageToken}`)
  const made = { userId: owner.id, createdAt: expect.any(String), gateRunId: '', overrideReason: '' }
  expect([...newest.changes, ...oldest.changes]).toEqual([
    { seq: 3, from: 3, ...made },
    { seq: 2, from: 1, to: 3, ...made },
    { seq: 1, to: 1, ...made },
  ])
})

test('a version that the application has already is not sent again, until the label is moved, also to one that holds the same', async () => {
  const promptId = await create('The same', 'Another', 'The same')
  const path = `/v1/prompts/${promptId}/labels/production`
  const set = (version: number) => network.rest(`PUT ${path}`, { token: owner.token, body: { version } })
  const get = (etag: string | null) => network.rest(`GET ${path}`, { headers: { 'if-none-match': etag! } })
  await set(1)
  const first = await network.rest(`GET ${path}`)
  const etag = first.headers.get('etag')
  expect(first.headers.get('cache-control')).toBe('private, no-cache')
  const again = await get(etag)
  expect(again).toMatchObject({ status: 304, body: '' })
  expect(again.headers.get('etag')).toBe(etag)

  await set(3)
  const moved = await get(etag)
  expect(moved).toMatchObject({ status: 200, body: { version: { version: 3, content: 'The same' } } })
  expect((await get(moved.headers.get('etag'))).status).toBe(304)
  const labels = network.gatewayStub(LabelServiceService)
  const knownHash = first.body.version.contentHash as string
  expect(await labels.getLabel({ promptId, label: 'production', knownHash })).toMatchObject({
    label: { version: 3, seq: 2 },
    version: undefined,
    notModified: true,
  })
  await network.rest(`DELETE ${path}`, { token: owner.token })
  expect((await get(moved.headers.get('etag'))).status).toBe(404)
})

test('`latest` is the newest version as soon as it is written', async () => {
  const promptId = await create('Content 1')
  const path = `GET /v1/prompts/${promptId}/labels/latest`
  const first = await network.rest(path)
  expect(first.body).toMatchObject({ label: { name: 'latest', version: 1 }, version: { content: 'Content 1' } })
  const headers = { 'if-none-match': first.headers.get('etag')! }
  expect((await network.rest(path, { headers })).status).toBe(304)
  await network.rest(`PATCH /v1/prompts/${promptId}`, { token: owner.token, body: { content: 'Content 2' } })
  expect((await network.rest(path, { headers })).body).toMatchObject({
    label: { name: 'latest', version: 2, userId: owner.id },
    version: { version: 2, content: 'Content 2' },
  })
})
