import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { notFound } from '#chassis/errors.ts'
import { until } from '#chassis/testing/until.ts'
import { DESCRIPTOR_SET, readContract } from '#contracts/contract.ts'
import {
  GetPromptResponse,
  PromptServiceService as Prompts,
} from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { type Answer, type Echo, startEcho } from './echo.ts'
import { failureOf } from './failure.ts'
import { startGateway, type TestGateway } from './harness.ts'

let gateway: TestGateway
let prompt: Echo

/** No RPC of the contract is a stream yet: here GetPrompt is one, in all else as it is. */
const Streaming = { ...Prompts, getPrompt: { ...Prompts.getPrompt, responseStream: true as const } }

beforeAll(async () => {
  const set = fromBinary(FileDescriptorSetSchema, readFileSync(DESCRIPTOR_SET))
  const methods = set.file.flatMap((file) => file.service.flatMap((service) => service.method))
  methods.find(({ name }) => name === 'GetPrompt')!.serverStreaming = true
  const bytes = toBinary(FileDescriptorSetSchema, set)
  prompt = await startEcho('prompt', [Streaming])
  const descriptorSet = join(dirname(process.env['PF_TEST_CERTIFICATES']!), 'streams.binpb')
  writeFileSync(descriptorSet, bytes)
  const services = { prompt: [`127.0.0.1:${prompt.port}`] }
  gateway = await startGateway({ contract: readContract(bytes), descriptorSet, services })
})
afterAll(async () => {
  await gateway.stop()
  prompt.stop()
})

const say = (title: string) => GetPromptResponse.fromPartial({ prompt: { title } })
const answerWith = (answer: Answer) => prompt.answers.set(Prompts.getPrompt.path, answer)

/** Says one thing, and the other when it is told to. */
function oneThenOther() {
  const { promise, resolve } = Promise.withResolvers<void>()
  answerWith(async function* () {
    yield say('one')
    await promise
    yield say('other')
  })
  return resolve
}

const titlesOf = (text: string) =>
  [...text.matchAll(/^data: (.*)$/gm)].map(([, json]) => JSON.parse(json!).prompt.title)

describe('a stream', () => {
  test('is server-sent events over REST, each as soon as it is there', async () => {
    const goOn = oneThenOther()
    const answer = await fetch(`${gateway.url}/v1/prompts/p1`)
    expect(answer.headers.get('content-type')).toBe('text/event-stream')
    const texts = answer.body!.pipeThrough(new TextDecoderStream())
    const received: unknown[] = []
    for await (const text of texts) {
      received.push(...titlesOf(text))
      if (received.length === 1) goOn()
    }
    expect(received).toEqual(['one', 'other'])
  })

  test('is a stream over gRPC', async () => {
    const goOn = oneThenOther()
    const received: string[] = []
    for await (const { prompt } of gateway.stub(Streaming).getPrompt({ promptId: 'p1' })) {
      received.push(prompt!.title)
      goOn()
    }
    expect(received).toEqual(['one', 'other'])
  })

  test('outlasts what a read may take; its deadline is a quarter of an hour', async () => {
    answerWith(async function* () {
      yield say('one')
      await sleep(5500)
      yield say('other')
    })
    const begun = Date.now()
    const { text } = await gateway.rest('GET /v1/prompts/p1')
    expect(titlesOf(text)).toEqual(['one', 'other'])
    expect((prompt.calls.at(-1)!.deadline - begun) / 1000).toBeCloseTo(900, -1)
  })

  test('ends at the service when the caller goes', async () => {
    let gone: AbortSignal | undefined
    answerWith(async function* (_, { signal }) {
      gone = signal
      while (!signal.aborted) {
        yield say('again')
        await sleep(20)
      }
    })
    const caller = new AbortController()
    await fetch(`${gateway.url}/v1/prompts/p1`, { signal: caller.signal })
    caller.abort()
    await until('the service to know', () => gone?.aborted)
  })

  test('that fails before it begins is a failure like any other', async () => {
    answerWith(() => {
      throw notFound('prompt')
    })
    const answer = await gateway.rest('GET /v1/prompts/p1')
    expect(failureOf(answer)).toEqual({ status: 404, code: 5, reason: 'RESOURCE_NOT_FOUND' })
  })

  test('that fails later just ends over REST: its last message must say so', async () => {
    answerWith(async function* () {
      yield say('one')
      await sleep(50) // what is sent together with its end is a failure from the beginning
      throw notFound('prompt')
    })
    const { status, text } = await gateway.rest('GET /v1/prompts/p1')
    expect({ status, titles: titlesOf(text) }).toEqual({ status: 200, titles: ['one'] })
    expect(text).not.toContain('no such prompt')
  })
})
