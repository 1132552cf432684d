import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { FormServiceService } from '#contracts/gen/promptforge/form/v1/form.ts'
import { type Echo, startEcho } from './echo.ts'
import { failureOf } from './failure.ts'
import { startFeedGateway, type TestGateway } from './harness.ts'

let forms: Echo
let gateway: TestGateway

beforeAll(async () => {
  forms = await startEcho('prompt', [FormServiceService])
  gateway = await startFeedGateway([`127.0.0.1:${forms.port}`])
})
afterAll(async () => {
  await gateway.stop()
  forms.stop()
})
afterEach(() => void forms.calls.splice(0))

test.each([
  ['a map has any names', '{"texts": {"a": "x", "\\"b\\"": "y"}}'],
  ['a map of messages has any names, and messages under them', '{"boxes": {"any": {"isTicked": true, "inner": {}}}}'],
  ['a Struct has any members at any depth', '{"anyStruct": {"a": {"b": [{"c": {}}, []]}}}'],
  ['a Value is anything', '{"any_value": [{"a": {"b": null}}, 1, "x", true]}'],
  ['a Timestamp is a text', '{"sentAt": "2026-11-20T00:00:00Z"}'],
  ['a wrapper is its value', '{"note": "x"}'],
  ['a FieldMask is a text', '{"mask": "a,bC"}'],
  ['a message may hold itself', '{"boxes": {"a": {"inner": {"inner": {"is_ticked": true}}}}}'],
])('%s', async (_, body) => {
  expect(await gateway.rest('POST /v1/forms', { body })).toMatchObject({ status: 200 })
  expect(forms.calls).toHaveLength(1)
})

test.each([
  ['POST /v1/forms', '{"boxes": {"any": {"ticked": true}}}', 'UNKNOWN_FIELD', 'unknown field "ticked" in boxes'],
  ['POST /v1/forms', '{"boxes": {"a": {"inner": {"x": 1}}}}', 'UNKNOWN_FIELD', 'unknown field "x" in boxes.inner'],
  ['POST /v1/forms', '{"texts": {"a": "x", "a": "y"}}', 'REQUEST_REJECTED', '"a" is in the body twice'],
  ['POST /v1/forms', '{"anyStruct": {"x": {"a": 1, "a": 2}}}', 'REQUEST_REJECTED', '"a" is in the body twice'],
  ['PUT /v1/forms/a/box', '{"box": {}}', 'UNKNOWN_FIELD', 'unknown field "box"'],
])('%s %s is refused', async (request, body, reason, message) => {
  const answer = await gateway.rest(request, { body })
  expect(failureOf(answer)).toEqual({ status: 400, code: 3, reason })
  expect(answer.json.message).toContain(message)
  expect(forms.calls).toEqual([])
})

test('a body that fills one field may have a field of the same name as the path', async () => {
  expect(await gateway.rest('PUT /v1/forms/a/box', { body: '{"name": "b"}' })).toMatchObject({ status: 200 })
  expect(forms.calls).toMatchObject([{ request: { name: 'a', box: { name: 'b' } } }])
})
