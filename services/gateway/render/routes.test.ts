import { expect, test } from '@jest/globals'
import { loadContract } from '#contracts/contract.ts'
import { PromptServiceService as Prompts } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import type { Exposed } from '../exposed.ts'
import type { GatewayOptions } from '../options.ts'
import { routeTable } from './routes.ts'

const { methods } = loadContract()

/** The route of a method with these facts. */
function routeOf({ path }: { path: string }, facts: Partial<Exposed> = {}) {
  const method = { ...methods.get(path)!, owner: 'prompt', isPublic: true, ...facts }
  const table = routeTable([method], { corsOrigins: [] as string[], folder: '/etc/envoy' } as GatewayOptions)
  const [host] = table['virtual_hosts'] as { routes: { match: { path?: string }; route: Record<string, any> }[] }[]
  return host!.routes.find(({ match }) => match.path === path)!.route
}

test('a read has 5 s, of which the first attempt gets 2, and a write 10 s for all', () => {
  const read = routeOf(Prompts.getPrompt)
  expect([read['timeout'], read['retry_policy'].per_try_timeout]).toEqual(['5s', '2s'])
  const write = routeOf(Prompts.createPrompt)
  expect([write['timeout'], write['retry_policy'].per_try_timeout]).toEqual(['10s', undefined])
})

test('a method that says how long it may take gets that, a read in one attempt', () => {
  const read = routeOf(Prompts.getPrompt, { deadlineMs: 30_000 })
  expect([read['timeout'], read['retry_policy'].per_try_timeout]).toEqual(['30s', undefined])
  expect(read['max_stream_duration']).toEqual({ grpc_timeout_header_max: '30s' })
  expect(routeOf(Prompts.createPrompt, { deadlineMs: 1500 })['timeout']).toBe('1.5s')
})

test('a stream has a quarter of an hour, or what it says', () => {
  const longest = (facts: Partial<Exposed>) =>
    routeOf(Prompts.getPrompt, { serverStreaming: true, ...facts })['max_stream_duration']
  expect(longest({})).toEqual({ max_stream_duration: '900s' })
  expect(longest({ deadlineMs: 60_000 })).toEqual({ max_stream_duration: '60s' })
})
