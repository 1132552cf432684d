import { LockMode } from '@mikro-orm/postgresql'
import { type Cause, jobCause } from '#chassis/cause.ts'
import type { Database } from '#chassis/db/orm.ts'
import { eventValues } from '#chassis/events/outbox.ts'
import type { Job } from '#chassis/jobs.ts'
import type { Logger } from '#chassis/logger.ts'
import { EVENTS } from '#contracts/events.ts'
import { SuiteSettings } from '#contracts/gen/promptforge/test/v1/suite.ts'
import { type Asserter, createAsserter } from './assertions/asserter.ts'
import { PromptTest } from './db/prompt-test.entity.ts'
import { SuiteRun } from './db/suite.entity.ts'
import { listRunCases } from './db/suite-runs.ts'
import { hasUnjudged, listRunning, releaseTests } from './db/suite-tests.ts'
import { createImporter, type Importer } from './import/importer.ts'
import { ratedCase, runVerdict, withDefaults } from './suite.ts'
import { judgeEnded } from './verdicts.ts'

/** What suites need beside the workers. Disposing of it waits until runs have been carried on as far as was begun. */
export type Suites = AsyncDisposable & {
  asserter: Asserter
  importer: Importer
  /** Carries all runs on again and again: what a replica that was lost has left. */
  job: Job
  /** Carries a run on as far as it goes now: judges its tests that have ended, lets the next go, and ends it when all are judged. */
  advance(runId: string): void
}

type Parts = { database: Pick<Database, 'sql' | 'transaction'>; asserter: Asserter }

/** Each replica carries on the runs whose tests it ran; doing so twice does no harm. */
export function createSuites(database: Parts['database'], log: Logger): Suites {
  const asserter = createAsserter(log)
  const importer = createImporter()
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
    asserter,
    importer,
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
    [Symbol.asyncDispose]: async () => {
      await Promise.all(Array.from(going.values(), ({ done }) => done))
      await asserter[Symbol.asyncDispose]()
      await importer[Symbol.asyncDispose]()
    },
  }
}

async function advanceRun({ database, asserter }: Parts, runId: string, cause: Cause) {
  await judgeEnded({ database, asserter }, runId)
  await database.sql(releaseTests, { runId, ...eventValues(cause) })
  await endRun(database, runId, cause)
}

/** Ends a run whose tests are all judged, once. */
async function endRun({ sql, transaction }: Parts['database'], runId: string, cause: Cause) {
  if ((await sql(hasUnjudged, { runId })).length > 0) return
  const rows = await sql(listRunCases, { id: runId })
  await transaction(cause, async (em, emit, now) => {
    const run = await em.findOne(SuiteRun, { id: runId, status: 'RUNNING' }, { lockMode: LockMode.PESSIMISTIC_WRITE })
    if (!run) return
    // A judging may have been asked again for what could not be judged.
    if (run.toRunId && (await em.count(PromptTest, { suiteRun: runId, verdict: null }))) return
    run.revision += 1
    Object.assign(run, { status: 'COMPLETED', completedAt: now })
    // A judging has no verdict on a version, and nobody waits for its end but who reads it.
    if (run.toRunId) return
    const { threshold } = withDefaults(SuiteSettings.fromJSON(run.settings))
    const { verdict, passRate } = runVerdict(rows.map(ratedCase), threshold)
    Object.assign(run, { verdict, passRate })
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
