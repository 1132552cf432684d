import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { status } from '@grpc/grpc-js'
import { rejection } from '#chassis/testing/rejection.ts'
import { AnalyticsServiceService } from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import { PromptServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { UserServiceService } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import { VersionServiceService } from '#contracts/gen/promptforge/version/v1/version_service.ts'
import { ACCOUNT_CASES } from './bad-input-account-cases.ts'
import { GRPC_CASES } from './bad-input-grpc-cases.ts'
import { REST_CASES, type Scene } from './bad-input-cases.ts'
import { LABEL_CASES } from './bad-input-label-cases.ts'
import { MARKET_CASES } from './bad-input-market-cases.ts'
import { RUN_CASES } from './bad-input-run-cases.ts'
import { SOCIAL_CASES } from './bad-input-social-cases.ts'
import { STATS_CASES } from './bad-input-stats-cases.ts'
import { SUITE_CASES } from './bad-input-suite-cases.ts'
import { startTestNetwork, type TestNetwork } from './harness.ts'
import { contentsOf } from './contents.ts'
import { setScene } from './scene.ts'

let network: TestNetwork
let scene: Scene
let before: Record<string, string>

beforeAll(async () => {
  network = await startTestNetwork()
  scene = await setScene(network)
  await network.processAll()
  before = await contentsOf(network)
})
afterAll(() => network.stop())

describe('over REST', () => {
  test.each([
    ...REST_CASES,
    ...ACCOUNT_CASES,
    ...SOCIAL_CASES,
    ...LABEL_CASES,
    ...STATS_CASES,
    ...RUN_CASES,
    ...SUITE_CASES,
    ...MARKET_CASES,
  ])('$name', async ({ request, status: code, reason, fields }) => {
    const answer = await network.rest(...request(scene))
    const details: { reason?: string; fieldViolations?: { field: string }[] }[] = answer.body.details
    const violations = details.flatMap(({ fieldViolations = [] }) => fieldViolations.map(({ field }) => field)).sort()
    expect({ status: answer.status, reason: details[0]?.reason, fields: violations }).toEqual({
      status: code,
      reason,
      fields: fields ?? (violations.length > 0 && reason !== 'VALIDATION_FAILED' ? violations : []),
    })
    expect(answer.body).toMatchObject({ code: expect.any(Number), message: expect.any(String) })
    expect(answer.headers.get('x-request-id')).toBeTruthy()
  })
})

describe('over gRPC', () => {
  test.each(GRPC_CASES)('$name', async ({ call, code, reason, fields = [] }) => {
    const stubs = {
      prompts: network.stub('prompt', PromptServiceService),
      users: network.stub('user', UserServiceService),
      versions: network.stub('version', VersionServiceService),
      analytics: network.stub('analytics', AnalyticsServiceService),
    }
    const error = await rejection(call(stubs, scene))
    expect({
      code: error.code,
      reason: error.reason,
      fields: error.violations.map(({ field }) => field).sort(),
    }).toEqual({
      code,
      reason,
      fields,
    })
  })

  test('a request of 5 MB', async () => {
    const request = {
      title: 'big',
      content: 'a'.repeat(5_000_000),
      description: '',
      category: '',
      tags: [],
      variables: [],
      model: '',
    }
    const call = network.stub('prompt', PromptServiceService).createPrompt(request, { token: scene.ann.token })
    expect((await rejection(call)).code).toBe(status.RESOURCE_EXHAUSTED)
  })
})

test('a hundred violations at once still arrive as one error, which fits into the headers of an answer', async () => {
  const answer = await network.rest(`GET /v1/users:batchGet?${'user_ids=x&'.repeat(100)}`)
  expect(answer).toMatchObject({ status: 400, body: { message: expect.stringContaining('more') } })
  expect(answer.body.details[1].fieldViolations.length).toBeGreaterThan(50)
})

test('of a list that is too long, only that is said', async () => {
  const answer = await network.rest(`GET /v1/users:batchGet?${'user_ids=x&'.repeat(1000)}`)
  expect(answer.body.details[1].fieldViolations).toEqual([
    expect.objectContaining({ field: 'user_ids', description: 'must contain no more than 100 item(s)' }),
  ])
})

test('nothing was changed by any of them', async () => {
  await network.processAll()
  expect(await contentsOf(network)).toEqual(before)
})
