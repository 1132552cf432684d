import { setTimeout as sleep } from 'node:timers/promises'
import { Counter, Gauge, type Registry } from 'prom-client'
import { jobCause } from '#chassis/cause.ts'
import type { Database } from '#chassis/db/orm.ts'
import { eventValues } from '#chassis/events/outbox.ts'
import type { Live } from '#chassis/events/live.ts'
import { newId } from '#chassis/ids.ts'
import type { Job } from '#chassis/jobs.ts'
import type { Logger } from '#chassis/logger.ts'
import { watchOutage } from '#chassis/outage.ts'
import { pause } from '#chassis/pause.ts'
import { type ClaimedRow, claimTest } from '../db/claim-test.ts'
import { finishTest } from '../db/finish-test.ts'
import { throttleTest } from '../db/throttle-test.ts'
import type { Asserter } from '../assertions/asserter.ts'
import type { Models } from '../models.ts'
import { callModel } from '../providers/call-model.ts'
import { type Claim, createClaims } from './claims.ts'
import { createLanes, type Lanes } from './lanes.ts'
import { tellText } from './live-text.ts'
import { collectResponse } from './response.ts'
import { createSuiteRuns, type SuiteRuns } from './suite-runs.ts'
import { sweepTests } from './sweep.ts'
import { endingOf, waitOf } from './endings.ts'

/** Milliseconds between two tries to store how a test ended, while the database does not answer. */
const RETRY_MS = 500

/** Runs tests of this replica. */
export type Worker = {
  lanes: Lanes
  sweep: Job
  /** Carries the runs of suites on. */
  suiteRuns: SuiteRuns
  /**
   * Claims a test, and begins to run it. Undefined: another worker has it, it has ended, or it is not due. `done` settles when it has ended,
   * and never rejects.
   */
  claim(testId: string): Promise<{ done: Promise<void> } | undefined>
  /**
   * Waits until its tests have ended, no longer than so many milliseconds; then it aborts their calls. Other workers run them again when
   * their leases are over.
   */
  close(graceMs: number): Promise<void>
}

type Parts = {
  database: Pick<Database, 'sql' | 'transaction'>
  models: Models
  asserter: Asserter
  live: Live
  defaultLimit: bigint
  log: Logger
  registry: Registry
}

export function createWorker({ database, models, asserter, live, defaultLimit, log, registry }: Parts): Worker {
  const { sql } = database
  const lanes = createLanes()
  const suiteRuns = createSuiteRuns({ database, asserter, log })
  const claims = createClaims(sql, log)
  const running = new Set<Promise<void>>()
  const metrics = workerMetrics(registry, running)

  const run = async (claimed: ClaimedRow, workerId: string) => {
    const { id, lane } = claimed
    using claim = claims.hold(id, workerId)
    using telling = tellText(live, id, claimed.attempts)
    const response = collectResponse(telling.add)
    const found = models.find(claimed.model_provider, claimed.model_name, new Date())
    const outcome = found
      ? await callModel(found.model.target, requestOf(claimed), { signal: claim.signal, onDelta: response.add })
      : gone(claimed.model_provider)
    if (claim.isLost()) {
      metrics.discarded.inc()
      return
    }
    lanes.note(lane, outcome)
    metrics.calls.inc({ lane, outcome: outcome.kind === 'failed' ? outcome.code : outcome.kind })
    const waitMs = waitOf(outcome, claimed, Date.now())
    const store = async () => {
      if (waitMs !== undefined) return sql(throttleTest, { id, workerId, waitMs })
      const ending = endingOf(outcome, claimed, response.end())
      return sql(finishTest, { id, workerId, ...ending, ...eventValues(jobCause('run test')) })
    }
    const rows = await untilStored(store, claim, log)
    if (!rows?.length) metrics.discarded.inc()
    else if (claimed.suite_run_id) suiteRuns.advance(claimed.suite_run_id)
  }

  return {
    lanes,
    sweep: sweepTests({ sql, defaultLimit, log }),
    suiteRuns,
    claim: async (testId) => {
      const workerId = newId()
      const [claimed] = await sql(claimTest, { id: testId, workerId })
      if (!claimed) return undefined
      const done: Promise<void> = run(claimed, workerId)
        .catch((err: unknown) => log.error({ test: testId, err }, 'a test could not be run'))
        .finally(() => running.delete(done))
      running.add(done)
      return { done }
    },
    close: async (graceMs) => {
      const stopped = new AbortController()
      await Promise.race([Promise.all(running), pause(graceMs, stopped.signal)])
      stopped.abort()
      claims.loseAll()
      await Promise.all(running)
      await suiteRuns.close()
    },
  }
}

const requestOf = ({ model_name: model, prompt_content: prompt, temperature, max_tokens: maxTokens }: ClaimedRow) => ({
  model,
  prompt,
  temperature: temperature ?? undefined,
  maxTokens,
})

const gone = (provider: string) =>
  ({
    kind: 'failed',
    code: 'PROVIDER_ERROR',
    message: `the operator has removed this model of ${provider}`,
    mayCost: false,
  }) as const

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
