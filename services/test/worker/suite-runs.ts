import { LockMode } from '@mikro-orm/postgresql'
import { type Cause, jobCause } from '#chassis/cause.ts'
import type { Database } from '#chassis/db/orm.ts'
import { eventValues } from '#chassis/events/outbox.ts'
import type { Job } from '#chassis/jobs.ts'
import type { Logger } from '#chassis/logger.ts'
import { EVENTS } from '#contracts/events.ts'
import { AssertionResult, AssertionResult_Outcome } from '#contracts/gen/promptforge/test/v1/assertion.ts'
import { SuiteCase, SuiteSettings } from '#contracts/gen/promptforge/test/v1/suite.ts'
import type { Asserter } from '../assertions/asserter.ts'
import { SuiteRun } from '../db/suite.entity.ts'
import { listRunCases } from '../db/suite-runs.ts'
import { hasUnjudged, judgeTest, listRunning, listUnjudged, releaseTests, type UnjudgedRow } from '../db/suite-tests.ts'
import { ratedCase, runVerdict, withDefaults } from '../suite.ts'

/** Carries the runs of suites on. */
export type SuiteRuns = {
  /** Carries all on again and again: what a replica that was lost has left. */
  job: Job
  /** Carries a run on as far as it goes now: judges its tests that have ended, lets the next go, and ends it when all are judged. */
  advance(runId: string): void
  /** Waits until what it does has been done. */
  close(): Promise<void>
}

type Parts = { database: Pick<Database, 'sql' | 'transaction'>; asserter: Asserter; log: Logger }

/** Each replica carries on the runs whose tests it ran; doing so twice does no harm. */
export function createSuiteRuns({ database, asserter, log }: Parts): SuiteRuns {
  const going = new Map<string, { again: boolean; done: Promise<void> }>()
  const advance = (runId: string) => {
    const known = going.get(runId)
    if (known) {
      known.again = true
      return known.done
    }
    const entry = { again: true, done: Promise.resolve() }
    going.set(runId, entry)
    const carryOn = async () => {
      try {
        while (entry.again) {
          entry.again = false
          await advanceRun({ database, asserter }, runId, jobCause('advance suite run'))
        }
      } catch (err) {
        log.warn({ suiteRun: runId, err }, 'a run of a suite could not be carried on: trying again')
      } finally {
        going.delete(runId)
      }
    }
    entry.done = carryOn()
    return entry.done
  }
  return {
    job: {
      name: 'advance suite runs',
      on: 'one replica',
      everyMs: 5000,
      run: async (signal) => {
        for (const { id } of await database.sql(listRunning, {})) {
          if (signal.aborted) return
          await advance(id)
        }
      },
    },
    advance: (runId) => void advance(runId),
    close: async () => {
      await Promise.all(Array.from(going.values(), ({ done }) => done))
    },
  }
}

async function advanceRun({ database, asserter }: Omit<Parts, 'log'>, runId: string, cause: Cause) {
  const { sql } = database
  for (;;) {
    const unjudged = await sql(listUnjudged, { runId })
    await Promise.all(
      unjudged.map(async (row) => {
        const results = await judge(asserter, row)
        const written = results.map((result) => AssertionResult.toJSON(result))
        await sql(judgeTest, {
          id: row.id,
          verdict: verdictOf(row, results),
          results: written.length === 0 ? null : JSON.stringify(written),
        })
      }),
    )
    await sql(releaseTests, { runId, ...eventValues(cause) })
    if (unjudged.length === 0) break
  }
  await endRun(database, runId, cause)
}

/** What came of the assertions of a test; of one that failed none can be checked. */
async function judge(asserter: Asserter, row: UnjudgedRow): Promise<AssertionResult[]> {
  if (row.status === 'FAILED') return []
  return asserter.evaluate(SuiteCase.fromJSON(row.definition).assertions, {
    text: row.response ?? '',
    latencyMs: row.response_time_ms ?? 0,
    costMicros: BigInt(row.cost_micros),
    finishReason: row.finish_reason ?? '',
  })
}

function verdictOf({ status }: UnjudgedRow, results: AssertionResult[]): 'PASS' | 'FAIL' | 'ERROR' {
  const some = (outcome: AssertionResult_Outcome) => results.some((result) => result.outcome === outcome)
  // One that does not hold decides, whatever could not be found out.
  if (some(AssertionResult_Outcome.FAIL)) return 'FAIL'
  return status === 'FAILED' || some(AssertionResult_Outcome.ERROR) ? 'ERROR' : 'PASS'
}

/** Ends a run whose tests are all judged, once. */
async function endRun({ sql, transaction }: Parts['database'], runId: string, cause: Cause) {
  if ((await sql(hasUnjudged, { runId })).length > 0) return
  const cases = (await sql(listRunCases, { id: runId })).map(ratedCase)
  await transaction(cause, async (em, emit, now) => {
    const run = await em.findOne(SuiteRun, { id: runId, status: 'RUNNING' }, { lockMode: LockMode.PESSIMISTIC_WRITE })
    if (!run) return
    const { threshold } = withDefaults(SuiteSettings.fromJSON(run.settings))
    const { verdict, passRate } = runVerdict(cases, threshold)
    run.revision += 1
    Object.assign(run, { status: 'COMPLETED', verdict, passRate, completedAt: now })
    emit(EVENTS.suiteRunFinished, {
      metadata: { aggregateId: run.id, aggregateRevision: BigInt(run.revision) },
      actor: { userId: run.userId, username: '' },
      promptId: run.promptId,
      promptVersion: run.promptVersion,
      suiteId: run.suite.id,
      verdict,
      testsCount: run.testsCount,
    })
  })
}
