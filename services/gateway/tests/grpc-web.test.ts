import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  GetPromptRequest,
  GetPromptResponse,
  PromptServiceService as Prompts,
} from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { startGateway, type TestGateway } from './harness.ts'

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

const call = async (path: string) => {
  const body = frame(GetPromptRequest.encode({ promptId: 'p1' }).finish())
  const headers = { 'content-type': 'application/grpc-web+proto', 'x-grpc-web': '1' }
  const answer = await fetch(gateway.url + path, { method: 'POST', headers, body })
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

test('and learns of a failure of the gateway by grpc-status', async () => {
  const { answer } = await call(Prompts.deletePrompt.path)
  expect(answer.headers.get('grpc-status')).toBe('16')
  expect(answer.headers.get('grpc-status-details-bin')).toMatch(/./)
})
