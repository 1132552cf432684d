import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { until } from '#chassis/testing/until.ts'
import {
  GetPromptRequest,
  GetPromptResponse,
  PromptServiceService as Prompts,
} from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { classLimits, startGateway, type TestGateway } from './harness.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway.stop())

/** A frame of gRPC-Web: a flag, four bytes of length, the message. */
function frame(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Uint8Array.from(Buffer.concat([head, message]))
}

const call = async (path: string, url = gateway.url) => {
  const body = frame(GetPromptRequest.encode({ promptId: 'p1' }).finish())
  const headers = { 'content-type': 'application/grpc-web+proto', 'x-grpc-web': '1' }
  const answer = await fetch(url + path, { method: 'POST', headers, body })
  return { answer, bytes: Buffer.from(await answer.arrayBuffer()) }
}

test('a page can call by gRPC-Web: the message, then the trailers as a frame', async () => {
  const expected = GetPromptResponse.fromPartial({ prompt: { id: 'p1', title: 'one' } })
  gateway.prompt.answers.set(Prompts.getPrompt.path, () => expected)
  const { answer, bytes } = await call(Prompts.getPrompt.path)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('application/grpc-web+proto')
  const length = bytes.readUInt32BE(1)
  expect(GetPromptResponse.decode(bytes.subarray(5, 5 + length))).toEqual(expected)
  expect(bytes[5 + length]).toBe(0x80)
  expect(bytes.subarray(5 + length + 5).toString()).toMatch(/grpc-status:\s*0/)
})

test('one of too many calls is grpc-status 8', async () => {
  const none = { perSecond: 1, burst: 1 }
  const roomy = { perSecond: 100, burst: 100 }
  const strict = await startGateway({ limits: { address: none, user: roomy, classes: classLimits(roomy) } })
  try {
    const limited = await until('a refusal', async () => {
      const { answer } = await call(Prompts.getPrompt.path, strict.url)
      return answer.headers.get('grpc-status') !== null && answer
    })
    expect(limited.headers.get('grpc-status')).toBe('8')
    expect(limited.headers.get('grpc-status-details-bin')).toMatch(/./)
    expect(limited.headers.get('retry-after')).toBe('1')
  } finally {
    await strict.stop()
  }
})

test('and learns of a failure of the gateway by grpc-status', async () => {
  const { answer } = await call(Prompts.deletePrompt.path)
  expect(answer.headers.get('grpc-status')).toBe('16')
  expect(answer.headers.get('grpc-status-details-bin')).toMatch(/./)
})
