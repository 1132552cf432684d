import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { status } from '@grpc/grpc-js'
import { rejection } from '#chassis/testing/rejection.ts'
import { until } from '#chassis/testing/until.ts'
import { PromptServiceService as Prompts } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import type { Echo } from './echo.ts'
import { failureOf } from './failure.ts'
import { echoOf, startGateway, type TestGateway } from './harness.ts'

describe('a service with the certificate of another', () => {
  let gateway: TestGateway
  let impostor: Echo

  beforeAll(async () => {
    impostor = await echoOf('prompt', { member: 'version' })
    gateway = await startGateway({ services: { prompt: [`127.0.0.1:${impostor.port}`] } })
  })
  afterAll(async () => {
    await gateway.stop()
    impostor.stop()
  })

  test('gets no request', async () => {
    expect(failureOf(await gateway.rest('GET /v1/prompts/p1'))).toEqual({
      status: 503,
      code: 14,
      reason: 'DEPENDENCY_UNAVAILABLE',
    })
    expect(impostor.calls).toEqual([])
  })
})

test('a service that has a name is found by it', async () => {
  const prompt = await echoOf('prompt')
  const gateway = await startGateway({ services: { prompt: [`localhost:${prompt.port}`] } })
  try {
    await until('prompt to be found', async () => (await gateway.rest('GET /v1/prompts/p1')).status === 200)
  } finally {
    await gateway.stop()
    prompt.stop()
  }
})

describe('a service that is away', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway()
  })
  afterAll(() => gateway.stop())

  test('is 503 until it is back, and the others are not concerned', async () => {
    const { port } = gateway.prompt
    expect(await gateway.rest('GET /v1/prompts/p1')).toMatchObject({ status: 200 })
    gateway.prompt.stop()
    expect(failureOf(await gateway.rest('GET /v1/prompts/p1'))).toEqual({
      status: 503,
      code: 14,
      reason: 'DEPENDENCY_UNAVAILABLE',
    })
    expect(await rejection(gateway.stub(Prompts).getPrompt({ promptId: 'p1' }))).toMatchObject({
      code: status.UNAVAILABLE,
      reason: 'DEPENDENCY_UNAVAILABLE',
    })
    expect(await gateway.rest('GET /v1/users/u1')).toMatchObject({ status: 200 })
    const back = await echoOf('prompt', { port })
    try {
      await until('prompt to be found again', async () => (await gateway.rest('GET /v1/prompts/p1')).status === 200)
    } finally {
      back.stop()
    }
  })
})
