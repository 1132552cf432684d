import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { status } from '@grpc/grpc-js'
import { GetPromptResponse, PromptServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { notFound } from '../errors.ts'
import { serve } from '../grpc/server.ts'
import { readStatus } from '../grpc/status.ts'
import { rejection } from '../testing/rejection.ts'
import type { TestService } from '../testing/service.ts'
import { until } from '../testing/until.ts'
import { startBare } from './harness.ts'

// No method of the contract streams yet: GetPrompt stands in for one, with a stream of its answers.
const definition = { getPrompt: { ...PromptServiceService.getPrompt, responseStream: true } } as const
const ID = '01890000-0000-7000-8000-000000000001'
const MESSAGE = GetPromptResponse.fromPartial({ prompt: { content: 'x'.repeat(100_000) } })

let produced = 0
let ended = false
let fails = false
let bare: TestService<object>

beforeAll(async () => {
  const endless = serve(definition, {
    getPrompt: async function* () {
      ended = false
      produced = 0
      try {
        for (; !fails || produced < 3; produced++) yield MESSAGE
        throw notFound('prompt')
      } finally {
        ended = true
      }
    },
  })
  bare = await startBare([endless])
})
afterAll(() => bare.stop())

test('a stream is produced at the pace at which the client reads, and ends when it leaves', async () => {
  fails = false
  const stream = bare.stub(definition).getPrompt({ promptId: ID })
  let read = 0
  for await (const message of stream) {
    expect(message.prompt?.content.length).toBe(100_000)
    if (++read === 3) {
      await until('the producer to be held back', () => isSteady())
      expect(produced).toBeLessThan(60)
      break
    }
  }
  await until('the handler to be ended', () => ended)
})

test('an error ends a stream after what was sent, with its reason', async () => {
  fails = true
  const received: unknown[] = []
  const error = await (async () => {
    for await (const message of bare.stub(definition).getPrompt({ promptId: ID })) received.push(message)
  })().catch(readStatus)
  expect(received).toHaveLength(3)
  expect(error).toMatchObject({ code: status.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' })
})

test('a stream that may not begin is refused like any call', async () => {
  const first = bare.stub(definition).getPrompt({ promptId: 'x' })[Symbol.asyncIterator]().next()
  expect(await rejection(first)).toMatchObject({ reason: 'VALIDATION_FAILED' })
})

let before = -1
function isSteady() {
  const steady = produced === before && produced > 0
  before = produced
  return steady
}
