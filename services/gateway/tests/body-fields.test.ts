import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
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
  const requests = [
    ['PATCH /v1/prompts/A/', '{"promptId": "B"}'],
    ['POST /v1/users/A:setRole', '{"userId": "B"}'],
  ] as const
  for (const [request, body] of requests) {
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

describe('a field that the contract does not have is refused and named', () => {
  const REFUSED = { status: 400, code: 3, reason: 'UNKNOWN_FIELD' }

  test.each([
    ['misspelt', '{"title": "x", "content": "y", "ispublic": false}', '"ispublic"'],
    ['invented', '{"title": "x", "private": true}', '"private"'],
    ['with a blank at its end', '{"isPublic ": false}', '"isPublic "'],
    ['with an escape in its name', '{"is\\u0050ublic": false}', '"is\\u0050ublic"'],
    ['in a message of a list', '{"variables": [{"name": "a"}, {"name": "b", "colour": 1}]}', '"colour" in variables'],
    ['behind a text with quotes', '{"content": "a \\" b \\\\", "x": [[{}]]}', '"x"'],
    ['with a name of thousands of characters', `{"${'é'.repeat(5000)}": 1}`, `"${'é'.repeat(30)}…"`],
  ])('%s', async (_, body, name) => {
    const answer = await gateway.rest('POST /v1/prompts', { token, body })
    expect(failureOf(answer)).toEqual(REFUSED)
    expect(answer.json.message).toBe(`unknown field ${name}: send the request again without it, or with its right name`)
    expect(arrived()).toEqual([])
  })
})

test('both names of a field are known, with whatever space between, and lists of lists and null', async () => {
  const body = '\n{ "is_public" :\tfalse, "model": null, "tags": [ ], "variables":[ {"defaultValue":"1"} , {} ]}\r\n'
  expect(await gateway.rest('POST /v1/prompts', { token, body })).toMatchObject({ status: 200 })
  expect(arrived()).toMatchObject([{ request: { isPublic: false, variables: [{ defaultValue: '1' }, {}] } }])
})

test.each([
  ['twice by one name', '{"isPublic": false, "title": "x", "isPublic": true}', '"isPublic"'],
  ['by both of its names', '{"isPublic": false, "is_public": true}', '"is_public"'],
])('a field that is there %s is refused', async (_, body, name) => {
  const answer = await gateway.rest('POST /v1/prompts', { token, body })
  expect(failureOf(answer)).toEqual(REFUSED)
  expect(answer.json.message).toBe(`${name} is in the body twice: send the request again with it once`)
})

test.each([
  ['names without quotes', '{isPublic: false}'],
  ['names in single quotes', "{'isPublic': false}"],
  ['something behind it', '{} {"isPublic": false}'],
  ['a text without an end', '{"title": "x'],
  ['a colon too few', '{"title" "x"}'],
  ['a comma too many', '{"title": "x",}'],
  ['ten thousand levels', '{"title": '.concat('['.repeat(10_000))],
])('JSON with %s is refused', async (_, body) => {
  expect(failureOf(await gateway.rest('POST /v1/prompts', { token, body }))).toEqual(REFUSED)
  expect(arrived()).toEqual([])
})

test('megabytes of empty brackets are refused, and do not hold the gateway', async () => {
  const body = `{"variables": [${'{},'.repeat(20_000)}{}]}`
  const answer = await gateway.rest('POST /v1/prompts', { token, body })
  expect(failureOf(answer)).toEqual(REFUSED)
  expect(answer.json.message).toBe('the body has more than 20000 values: send less at once')
})

test.each(['01', '00', '+1', '1.0', '1e0', '%30%31', '0x1', '%201'])(
  'a number in a path has one spelling, which %j is not',
  async (version) => {
    const answer = await gateway.rest(`GET /v1/prompts/A/versions/${version}`)
    expect(failureOf(answer)).toEqual(REFUSED)
    expect(arrived()).toEqual([])
  },
)

test('and in its one spelling it arrives, with a query behind it as well', async () => {
  for (const rest of ['1', '10?known_hash=x', '0', '-1']) await gateway.rest(`GET /v1/prompts/A/versions/${rest}`)
  expect(arrived()).toMatchObject([1, 10, 0, -1].map((version) => ({ request: { promptId: 'A', version } })))
})
