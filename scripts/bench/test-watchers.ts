import { setTimeout as sleep } from 'node:timers/promises'
import { createStub, openChannel, type Stub } from '#chassis/grpc/client.ts'
import { retryOf } from '#chassis/grpc/status.ts'
import { openMesh } from '#chassis/grpc/tls.ts'
import { loadContract } from '#contracts/contract.ts'
import { TestServiceService, WatchTestRequest } from '#contracts/gen/promptforge/test/v1/test_service.ts'
import { MESH } from '../../services/dev-env/infra/authority.ts'
import { residentMiB, watchMemory } from '../processes/usage.ts'
import { percentiles } from './catch-up.ts'
import type { BenchSite } from './site.ts'
import type { SpineResult } from './table.ts'
import { inTurns, runRequest } from './test-requests.ts'

/** Tests whose texts are watched while the time to the watcher is measured, and how many of them at once. */
const SAMPLES = 20
const AT_ONCE = 5

/** Tests and watchers whose memory is measured. */
const WATCHED = 200
const WATCHERS = 500
const WATCHED_TOKENS = 60

/** Times that a watcher opens its stream again at the most. */
const MAX_REOPENED = 20

/** From the sandbox's writing a token to the watcher's having it. Each token says when it was written. */
export function timeToWatcher(site: BenchSite): Promise<SpineResult> {
  return withStub(site, async (tests) => {
    const { callers, promptIds } = await site.data()
    const times: number[] = []
    const watch = async (nth: number) => {
      const { token } = callers[nth % callers.length]!
      const { test } = await tests.runTest(runRequest(promptIds[nth]!, 'clock-5'), { token })
      let openedAt = Infinity
      for await (const { kind } of tests.watchTest(WatchTestRequest.fromPartial({ testId: test!.testId }), { token })) {
        const now = Date.now()
        openedAt = Math.min(openedAt, now)
        if (kind?.$case !== 'event' || kind.value.what?.$case !== 'delta') continue
        const written = kind.value.what.value.text.trim().split(' ').map(Number)
        // What was said before the stream was open came as soon as it was.
        times.push(...written.filter((at) => at > openedAt).map((at) => now - at))
      }
    }
    for (let nth = 0; nth < SAMPLES; nth += AT_ONCE)
      await Promise.all(Array.from({ length: AT_ONCE }, (_, more) => watch(nth + more)))
    return { what: 'a token every 5 ms, from the model to the watcher', measured: percentiles(times) }
  })
}

/** How much more memory the service has while many watch many tests, a word of which comes every 50 ms. */
export function memoryOfWatchers(site: BenchSite): Promise<SpineResult> {
  return withStub(site, async (tests) => {
    const { callers, promptIds } = await site.data()
    await sleep(5000)
    const before = residentMiB(site.test.pid)
    const memory = watchMemory(site.test.pid)
    let reopened = 0
    try {
      const asked: { token: string; testId: string }[] = []
      await inTurns(WATCHED, async (nth) => {
        const { token } = callers[nth % callers.length]!
        const { test } = await tests.runTest(runRequest(promptIds[nth]!, 'slow-50', WATCHED_TOKENS), { token })
        asked.push({ token, testId: test!.testId })
      })
      const watching: Promise<number>[] = []
      await inTurns(WATCHERS, async (nth) => {
        const { promise: opened, resolve } = Promise.withResolvers<void>()
        const watched = watchToEnd(tests, asked[nth % asked.length]!, resolve)
        watching.push(watched)
        await Promise.race([opened, watched])
      })
      reopened = (await Promise.all(watching)).reduce((sum, times) => sum + times, 0)
    } finally {
      memory.stop()
    }
    const most = memory.stop()
    const measured = `${(most - before).toFixed(0)} MiB more, ${reopened} streams reopened`
    return { what: `${WATCHED} tests with ${WATCHERS} watchers`, measured, memoryMiB: most }
  })
}

/** Opens its stream again where it was when the service says that it cannot go on, as people's clients do. Answers how often it has. */
async function watchToEnd(tests: Tests, { token, testId }: { token: string; testId: string }, opened: () => void) {
  let after = ''
  for (let reopened = 0; reopened <= MAX_REOPENED; reopened++) {
    try {
      for await (const { kind } of tests.watchTest(WatchTestRequest.fromPartial({ testId, after }), { token })) {
        opened()
        if (kind?.$case !== 'event') continue
        after = kind.value.cursor
        if (kind.value.what?.$case === 'ended') return reopened
      }
    } catch (error) {
      if (retryOf(error) !== 'unavailable') throw error
      await sleep(1000)
    }
  }
  throw new Error(`a watcher has not seen the end in ${MAX_REOPENED} streams`)
}

type Tests = Stub<typeof TestServiceService>

async function withStub<T>({ certificates, test }: BenchSite, work: (tests: Tests) => Promise<T>): Promise<T> {
  const mesh = openMesh({ certificates, ...MESH })
  const target = `dns:///localhost:${test.port}`
  const channel = openChannel({ contract: loadContract(), mesh, service: 'test', target })
  try {
    return await work(createStub(channel, TestServiceService))
  } finally {
    channel.close()
  }
}
