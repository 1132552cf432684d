import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import * as errors from '#chassis/errors.ts'
import { readStatus } from '#chassis/grpc/status.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import {
  CreatePromptRequest,
  PromptServiceService as Prompts,
} from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { callPath, UUID } from './failure.ts'
import { startGateway, type TestGateway } from './harness.ts'

let gateway: TestGateway
let token: string

beforeAll(async () => {
  gateway = await startGateway()
  token = await gateway.token()
})
afterAll(() => gateway.stop())
afterEach(() => gateway.prompt.answers.clear())

const prompts = () => gateway.stub(Prompts)
const errorOf = (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    (error: ServiceError) => error,
  )

describe('a gRPC caller learns as gRPC', () => {
  test('that a token is missing, and the id of the request', async () => {
    const error = (await errorOf(prompts().deletePrompt({ promptId: 'p1' })))!
    expect(readStatus(error)).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'TOKEN_MISSING' })
    expect(error.metadata.get('x-request-id')).toEqual([expect.stringMatching(UUID)])
  })

  test('that there is no such method', async () => {
    for (const path of ['/promptforge.prompt.v1.PromptService/Explode', '/no.such.Service/Get']) {
      expect(await rejection(callPath(gateway, path, token))).toMatchObject({
        code: status.UNIMPLEMENTED,
        reason: 'METHOD_UNKNOWN',
        message: 'there is no such method',
      })
    }
  })

  test('that a message is larger than 4 MiB', async () => {
    const request = CreatePromptRequest.fromPartial({ content: 'x'.repeat(5_000_000) })
    expect(await rejection(prompts().createPrompt(request, { token, timeoutMs: 60_000 }))).toMatchObject({
      code: status.INVALID_ARGUMENT,
      reason: 'REQUEST_TOO_LARGE',
    })
  })

  test('that compressed requests are not accepted: 4 KiB of one would be 4 MiB at a service', async () => {
    const { path, requestSerialize, responseDeserialize } = Prompts.batchGetPrompts
    const bomb = Buffer.alloc(2_000_000)
    const client = new Client(new URL(gateway.url).host, credentials.createInsecure(), {
      'grpc.default_compression_algorithm': 2,
    })
    const error = await new Promise<ServiceError | null>((resolve) => {
      client.makeUnaryRequest(path, () => bomb, responseDeserialize, requestSerialize({ promptIds: [] }), resolve)
    })
    client.close()
    expect(readStatus(error!)).toMatchObject({
      code: status.INVALID_ARGUMENT,
      message: 'compressed requests are not accepted: send it again without grpc-encoding',
    })
    expect(gateway.prompt.calls.filter((call) => call.path === path)).toEqual([])
  })

  test('that a deadline has passed', async () => {
    gateway.prompt.answers.set(Prompts.getPrompt.path, () => new Promise(() => undefined))
    const call = prompts().getPrompt({ promptId: 'p1' }, { timeoutMs: 200 })
    expect(await rejection(call)).toMatchObject({ code: status.DEADLINE_EXCEEDED })
  })

  test('what a service answers with, all its details', async () => {
    gateway.prompt.answers.set(Prompts.getPrompt.path, () => {
      throw errors.invalid([{ field: 'title', description: 'is too long' }])
    })
    expect(await rejection(prompts().getPrompt({ promptId: 'p1' }))).toEqual({
      code: status.INVALID_ARGUMENT,
      message: 'title: is too long',
      reason: 'VALIDATION_FAILED',
      metadata: { request_id: expect.stringMatching(UUID) },
      violations: [{ field: 'title', description: 'is too long', reason: '', localizedMessage: undefined }],
      retryAfterMs: undefined,
    })
  })

  test('the id of a request that succeeds', async () => {
    const { getPrompt } = Prompts
    const headers = await new Promise<Metadata>((resolve, reject) => {
      const { path, requestSerialize, responseDeserialize } = getPrompt
      gateway.client
        .makeUnaryRequest(path, requestSerialize, responseDeserialize, { promptId: 'p1' }, new Metadata(), (error) => {
          if (error) reject(error)
        })
        .on('metadata', resolve)
    })
    expect(headers.get('x-request-id')).toEqual([expect.stringMatching(UUID)])
  })
})
