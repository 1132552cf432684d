import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { failureOf } from './failure.ts'
import { startGateway, type TestGateway } from './harness.ts'

let gateway: TestGateway
let token: string

beforeAll(async () => {
  gateway = await startGateway()
  token = await gateway.token()
})
afterAll(() => gateway.stop())
afterEach(() => {
  for (const { calls } of gateway.echoes) calls.splice(0)
})

const REFUSED = { status: 400, code: 3, reason: 'REQUEST_REJECTED' }
const arrived = () => gateway.echoes.flatMap(({ calls }) => calls).filter(({ path }) => !path.endsWith('GetJwks'))

test.each([
  ['by its JSON name', '{"promptId": "B"}'],
  ['by its JSON name, behind others', '{"title": "x", "tags": {"values": ["a"]}, "promptId"\n:\t"B"}'],
  ['by its JSON name, after a string that ends with a quote', '{"title": "\\\\", "promptId": "B"}'],
  ['by its proto name', '{"prompt_id": "B"}'],
])('a field that the path sets must not be in the body as well: %s', async (_, body) => {
  const answer = await gateway.rest('PATCH /v1/prompts/A', { token, body })
  expect(failureOf(answer)).toEqual(REFUSED)
  expect(answer.json.message).toMatch(/prompt_?id/i)
  expect(arrived()).toEqual([])
})

test('and the message says what to do', async () => {
  const { json } = await gateway.rest('PATCH /v1/users/A', { token, body: '{"userId": "B"}' })
  expect(json.message).toBe('userId is set by the path: send the request again without it in the body')
})

test('with slashes at the end of the path, and with custom verbs', async () => {
  for (const request of ['PATCH /v1/prompts/A/', 'POST /v1/users/A:setRole']) {
    const body = '{"promptId": "B", "userId": "B"}'
    expect(failureOf(await gateway.rest(request, { token, body }))).toEqual(REFUSED)
  }
  expect(arrived()).toEqual([])
})

test('a text that only mentions the field is a text', async () => {
  const description = 'write "promptId": "B"\\'
  const answer = await gateway.rest('PATCH /v1/prompts/A', { token, body: JSON.stringify({ description }) })
  expect(answer.status).toBe(200)
  expect(arrived().map(({ request }) => request)).toMatchObject([{ promptId: 'A', description }])
})

test('a body of megabytes is looked through as well', async () => {
  const body = `{"content": ${JSON.stringify('"promptId" '.repeat(100_000))}, "promptId": "B"}`
  expect(failureOf(await gateway.rest('PATCH /v1/prompts/A', { token, body }))).toEqual(REFUSED)
})
