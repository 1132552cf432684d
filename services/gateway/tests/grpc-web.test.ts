import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { until } from '#chassis/testing/until.ts'
import {
  GetPromptRequest,
  GetPromptResponse,
  PromptServiceService as Prompts,
} from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { HttpBody } from '#contracts/gen/google/api/httpbody.ts'
import {
  ExportPromptsRequest,
  VersionServiceService as Versions,
} from '#contracts/gen/promptforge/version/v1/version_service.ts'
import type { Echo } from './echo.ts'
import { classLimits, echoOf, startGateway, type TestGateway } from './harness.ts'

let gateway: TestGateway
let version: Echo
beforeAll(async () => {
  version = await echoOf('version')
  gateway = await startGateway({ services: { version: [`127.0.0.1:${version.port}`] } })
})
afterAll(async () => {
  await gateway.stop()
  version.stop()
})

/** Flag of the frame that has the trailers. */
const TRAILERS = 0x80

/** A frame of gRPC-Web: a flag, four bytes of length, the message. */
function frame(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Uint8Array.from(Buffer.concat([head, message]))
}

const GRPC_WEB = { 'content-type': 'application/grpc-web+proto', 'x-grpc-web': '1' }

/** The frames of an answer, each as soon as all of it is there. */
async function* framesOf(answer: Response) {
  let rest = Buffer.alloc(0)
  for await (const chunk of answer.body!) {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
      const end = 5 + rest.readUInt32BE(1)
      yield { flag: rest[0]!, bytes: rest.subarray(5, end) }
      rest = rest.subarray(end)
    }
  }
}

const call = async (path: string, url = gateway.url) => {
  const body = frame(GetPromptRequest.encode({ promptId: 'p1' }).finish())
  const answer = await fetch(url + path, { method: 'POST', headers: GRPC_WEB, body })
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
  expect(bytes[5 + length]).toBe(TRAILERS)
  expect(bytes.subarray(5 + length + 5).toString()).toMatch(/grpc-status:\s*0/)
})

test('a page gets a download by gRPC-Web as a stream: each part as it is sent, then the trailers', async () => {
  const { promise: read, resolve: goOn } = Promise.withResolvers<void>()
  const part = (line: string) => HttpBody.fromPartial({ contentType: 'application/jsonl', data: Buffer.from(line) })
  version.answers.set(Versions.exportPrompts.path, async function* () {
    yield part('{"title":"one"}\n')
    await read
    yield part('{"title":"two"}\n')
  })
  const answer = await fetch(gateway.url + Versions.exportPrompts.path, {
    method: 'POST',
    headers: { ...GRPC_WEB, authorization: `Bearer ${await gateway.token()}` },
    body: frame(ExportPromptsRequest.encode({}).finish()),
  })
  const lines: string[] = []
  let trailers = ''
  for await (const { flag, bytes } of framesOf(answer)) {
    if (flag === TRAILERS) trailers = bytes.toString()
    else lines.push(HttpBody.decode(bytes).data.toString())
    goOn()
  }
  expect(lines).toEqual(['{"title":"one"}\n', '{"title":"two"}\n'])
  expect(trailers).toMatch(/grpc-status:\s*0/)
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
