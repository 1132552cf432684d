import { setTimeout as sleep } from 'node:timers/promises'
import { Counter, Gauge, type Registry } from 'prom-client'
import { type Cause, jobCause } from '#chassis/cause.ts'
import type { Sql } from '#chassis/db/statements.ts'
import { eventValues } from '#chassis/events/outbox.ts'
import type { Live } from '#chassis/events/live.ts'
import { newId } from '#chassis/ids.ts'
import { inGroups } from '#chassis/in-groups.ts'
import type { Job } from '#chassis/jobs.ts'
import type { Logger } from '#chassis/logger.ts'
import { watchOutage } from '#chassis/outage.ts'
import { pause } from '#chassis/pause.ts'
import { OWN_KEYS_LANE } from '#contracts/events.ts'
import { CANCELLED_MESSAGE } from '../db/cancel-test.ts'
import { type ClaimedRow, claimTests } from '../db/claim-test.ts'
import { finishTest } from '../db/finish-test.ts'
import { deferThrottled, throttleLane } from '../db/provider-throttles.ts'
import { throttleTest } from '../db/throttle-test.ts'
import type { TestConfig } from '../config.ts'
import type { KeyVault } from '../key-vault.ts'
import type { Models } from '../models.ts'
import type { Suites } from '../suites.ts'
import { callModel, type Outcome } from '../providers/call-model.ts'
import { tellCancelled } from './cancelling.ts'
import { type Claim, createClaims } from './claims.ts'
import { createLanes, pauseOf, type Place } from './lanes.ts'
import { tellText } from './live-text.ts'
import { eraseAgain, eraseUser } from './erasure.ts'
import { createOwnKeys, OWN_KEYS_CALLS } from './own-keys.ts'
import { resealKeys } from './reseal-keys.ts'
import { collectResponse } from './response.ts'
import { sweepTests } from './sweep.ts'
import { targetOf } from './target-of.ts'
import { endingOf, waitOf } from './endings.ts'

/** Milliseconds between two tries to store how a test ended, while the database does not answer. */
const RETRY_MS = 500

/** Tests that are claimed together at the most. */
const CLAIMED_AT_ONCE = 32

/** Runs tests of this replica. */
export type Worker = {
  /** How many tests of a lane may run at once, at this moment. */
  limit(lane: string): number
  jobs: Job[]
  /**
   * Claims a test of a lane, and begins to run it. Undefined: another worker has it, it has ended, or it is not due. `done` settles when it
   * has ended, and never rejects.
   */
  claim(testId: string, lane: string): Promise<{ done: Promise<void> } | undefined>
  /** Cancels the tests of a user who was erased, and takes all that the user has stored. It may be done again. */
  eraseUser(userId: string, cause: Cause): Promise<void>
  /** Tells the replica that runs a test that it is to be cancelled: call it when the row says so. */
  cancel(testId: string): void
  /**
   * Waits until its tests have ended, no longer than RPCs may take; then it aborts their calls. Other workers run them again when
   * their leases are over.
   */
  close(): Promise<void>
}

type Parts = {
  sql: Sql
  models: Models
  vault: KeyVault
  suites: Pick<Suites, 'advance'>
  live: Live
  config: Pick<TestConfig, 'budget' | 'drain'>
  log: Logger
  registry: Registry
}

export function createWorker({ sql, models, vault, suites, live, config, log, registry }: Parts): Worker {
  const defaultLimit = BigInt(config.budget.defaultMicros)
  const lanes = createLanes()
  const ownKeys = createOwnKeys(sql)
  const claims = createClaims({ sql, live, log })
  const running = new Set<Promise<void>>()
  const metrics = workerMetrics(registry, running)

  const enter = async (testId: string, lane: string): Promise<Place | undefined> =>
    lane === OWN_KEYS_LANE
      ? ownKeys.enter(testId)
      : { note: (outcome) => lanes.note(lane, outcome), leave: () => Promise.resolve() }

  const claimOne = inGroups(CLAIMED_AT_ONCE, async (ids: readonly string[]) => {
    const rows = await sql(claimTests, { ids, workerIds: ids.map(() => newId()) })
    const claimed = new Map(rows.map((row) => [row.id, row]))
    // Of two hints of one test the first gets it.
    return ids.map((id) => {
      const row = claimed.get(id)
      claimed.delete(id)
      return row
    })
  })

  const run = async (claimed: ClaimedRow, place: Place) => {
    const { id, lane, worker_id: workerId } = claimed
    using claim = claims.hold(id, workerId)
    using telling = tellText(live, id, claimed.attempts)
    const response = collectResponse(telling.add)
    const target = targetOf({ models, vault, log }, claimed)
    const outcome =
      'kind' in target
        ? target
        : await callModel(target, requestOf(claimed), { signal: claim.signal, onDelta: response.add })
    if (claim.isLost()) {
      metrics.discarded.inc()
      return
    }
    place.note(outcome)
    metrics.calls.inc({ lane, outcome: outcome.kind === 'failed' ? outcome.code : outcome.kind })
    const waitMs = waitOf(outcome, claimed, Date.now())
    const pauseMs = lane === OWN_KEYS_LANE ? 0 : pauseOf(outcome)
    const store = async () => {
      if (pauseMs > 0) await sql(throttleLane, { lane, pauseMs })
      const waits = waitMs === undefined ? [] : await sql(throttleTest, { id, workerId, waitMs })
      if (waits.length > 0) return waits
      const ending = endingOf(waitMs === undefined ? outcome : CANCELLED, claimed, response.end())
      return sql(finishTest, { id, workerId, ...ending, ...eventValues(jobCause('run test')) })
    }
    const rows = await untilStored(store, claim, log)
    if (!rows?.length) metrics.discarded.inc()
    else if (claimed.suite_run_id) suites.advance(claimed.suite_run_id)
  }

  return {
    limit: (lane) => (lane === OWN_KEYS_LANE ? OWN_KEYS_CALLS : lanes.limit(lane)),
    jobs: [sweepTests({ sql, defaultLimit, log }), resealKeys({ sql, vault, log }), eraseAgain({ sql })],
    eraseUser: (userId, cause) => eraseUser(sql, userId, cause),
    claim: async (testId, lane) => {
      const place = await enter(testId, lane)
      if (!place) return undefined
      // Who waits for the place is told by a sweep, too.
      const leave = () =>
        place.leave().catch((err: unknown) => log.warn({ err }, 'tests that wait could not be told that there is room'))
      const claimed = await claimOne(testId).catch(async (error: unknown) => {
        await leave()
        throw error
      })
      if (!claimed) {
        await leave()
        // Hints that come after this one stay in the queue.
        for (const { pause_ms: pauseMs } of await sql(deferThrottled, { id: testId })) lanes.pause(lane, pauseMs)
        return undefined
      }
      const done: Promise<void> = run(claimed, place)
        .catch((err: unknown) => log.error({ test: testId, err }, 'a test could not be run'))
        .then(leave)
        .finally(() => running.delete(done))
      running.add(done)
      return { done }
    },
    cancel: (testId) => tellCancelled(live, testId),
    close: async () => {
      const stopped = new AbortController()
      await Promise.race([Promise.all(running), pause(config.drain.graceMs, stopped.signal)])
      stopped.abort()
      claims.loseAll()
      await Promise.all(running)
    },
  }
}

/** How a test ends whose provider refused it for now, when it is not to wait because its owner has cancelled it. */
const CANCELLED: Outcome = { kind: 'failed', code: 'CANCELLED', message: CANCELLED_MESSAGE, mayCost: false }

const requestOf = ({ model_name: model, prompt_content: prompt, temperature, max_tokens: maxTokens }: ClaimedRow) => ({
  model,
  prompt,
  temperature: temperature ?? undefined,
  maxTokens,
})

/** Stores how a test ended, as soon as the database answers. Undefined: the test was lost meanwhile, because its lease could not be renewed. */
async function untilStored<T>(store: () => Promise<T>, claim: Claim, log: Logger): Promise<T | undefined> {
  const outage = watchOutage()
  while (!claim.isLost()) {
    try {
      return await store()
    } catch (err) {
      outage.failed(() => log.warn({ err }, 'how a test ended could not be stored: trying again'))
      await sleep(RETRY_MS)
    }
  }
  return undefined
}

function workerMetrics(registry: Registry, running: ReadonlySet<unknown>) {
  const registers = [registry]
  new Gauge({
    name: 'tests_running',
    help: 'Tests that this replica runs.',
    registers,
    collect() {
      this.set(running.size)
    },
  })
  return {
    calls: new Counter({
      name: 'tests_calls_total',
      help: 'Calls of models that have ended, by lane and outcome.',
      labelNames: ['lane', 'outcome'],
      registers,
    }),
    discarded: new Counter({
      name: 'tests_discarded_total',
      help: 'Calls whose outcome was not stored, because the test was lost to another worker: alarm when it grows.',
      registers,
    }),
  }
}
