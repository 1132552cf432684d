import type { EntityManager } from '@mikro-orm/postgresql'
import type { Emit } from '#chassis/db/transaction.ts'
import { newId } from '#chassis/ids.ts'
import { EVENTS, JOBS } from '#contracts/events.ts'
import { reserve } from './budget.ts'
import { budgetToChange } from './db/budget-to-change.ts'
import { ModelPrice } from './db/model-price.entity.ts'
import { PromptTest } from './db/prompt-test.entity.ts'
import { HELD, repeatTests } from './db/suite-tests.ts'
import { boundOf, boundOfBytes } from './money.ts'
import { laneOf, type NewTest } from './new-test.ts'

/**
 * A test of a suite's run: of a case at its place, or of a judge. The text of a judge of one assertion is empty as yet; `mostBytes` is how many it
 * will have at the most.
 */
export type SuiteTest = NewTest & { casePosition: number; caseName: string } & (
    | { kind: 'CASE'; assertionPosition: null }
    | { kind: 'JUDGE'; assertionPosition: number; mostBytes: number }
    | PairJudge
  )

/** Of a judge of the answers of two runs: of which repeat, and in which order. Its text is there. */
type PairJudge = { kind: 'JUDGE'; assertionPosition: null; repeat: number; showsToFirst: boolean }

/** The transaction in which tests are admitted, and whose they are. */
export type Admitting = { em: EntityManager; emit: Emit; now: Date; userId: string; defaultLimit: bigint }

/** Admits tests, all or none, and tells the workers. Answers with their ids. Throws RESOURCE_EXHAUSTED. */
export async function admitTests(admitting: Admitting, tests: readonly NewTest[]): Promise<string[]> {
  const { em, emit, now, userId } = admitting
  const bounds = tests.map(({ price, text, maxTokens }) => boundOf(price, text, maxTokens))
  const rows = await rowsOf(admitting, tests, { bounds, seats: tests.length, repeats: 1 })
  return rows.map((row) => {
    em.create(PromptTest, { ...row, dispatchedAt: now })
    emit(EVENTS.testRequested, {
      metadata: { aggregateId: row.id, aggregateRevision: 1n },
      actor: { userId, username: '' },
      tested: {
        promptId: row.promptId,
        promptVersion: row.promptVersion,
        modelProvider: row.modelProvider,
        modelName: row.modelName,
      },
    })
    emit(JOBS.testRun, { testId: row.id }, row.lane)
    return row.id
  })
}

/**
 * Admits the tests of a suite's run, each so many times, all or none; those of judges with the most that they can cost. They take no seats, tell
 * of themselves by no events, and wait until they are let go.
 */
export async function admitSuiteTests(
  admitting: Admitting,
  suiteRun: string,
  tests: readonly SuiteTest[],
  repeats: number,
): Promise<void> {
  const { em } = admitting
  const rows = await rowsOf(admitting, tests, { bounds: tests.map(boundOfTest), seats: 0, repeats })
  for (const [index, row] of rows.entries()) {
    const { kind, casePosition, caseName, assertionPosition, ...pair } = tests[index]!
    const { repeat, showsToFirst } = 'repeat' in pair ? pair : { repeat: 1, showsToFirst: null }
    const place = { suiteRun, kind, casePosition, caseName, assertionPosition, repeat, showsToFirst }
    em.create(PromptTest, { ...row, ...place, notBefore: new Date(HELD) })
  }
  await em.flush()
  await repeatTests(em, suiteRun, repeats)
}

function boundOfTest(test: SuiteTest): bigint {
  const { price, text, maxTokens } = test
  return 'mostBytes' in test ? boundOfBytes(price, test.mostBytes, maxTokens) : boundOf(price, text, maxTokens)
}

async function rowsOf(
  { em, now, userId, defaultLimit }: Admitting,
  tests: readonly NewTest[],
  { bounds, seats, repeats }: { bounds: bigint[]; seats: number; repeats: number },
) {
  const { budget, spend } = await budgetToChange(em, userId, now)
  const micros = bounds.reduce((sum, bound) => sum + bound, 0n) * BigInt(repeats)
  reserve(budget, spend, { seats, micros, defaultLimit })
  return tests.map((test, index) => ({
    id: newId(),
    promptId: test.promptId,
    userId,
    promptContent: test.text,
    modelProvider: test.model.provider,
    modelName: test.modelName,
    temperature: test.temperature === null ? null : String(test.temperature),
    maxTokens: test.maxTokens,
    status: 'PENDING' as const,
    createdAt: now,
    promptVersion: test.version,
    contentHash: test.contentHash,
    variables: test.values,
    lane: laneOf(test),
    price: em.getReference(ModelPrice, test.price.id),
    key: test.keyId,
    reservedMicros: bounds[index]!,
    spendDay: spend.day,
  }))
}
