import type { Database } from '#chassis/db/orm.ts'
import {
  AssertionResult,
  AssertionResult_Outcome as Outcome,
  type LlmRubric,
} from '#contracts/gen/promptforge/test/v1/assertion.ts'
import { SuiteCase } from '#contracts/gen/promptforge/test/v1/suite.ts'
import type { Asserter } from './assertions/asserter.ts'
import { isRubric } from './assertions/check.ts'
import { askJudges, type HeardRow, listHeard, listWaitingJudges, MAX_HEARD, type WaitingJudge } from './db/judges.ts'
import { judgeTest, listUnjudged, MAX_UNJUDGED, type UnjudgedRow } from './db/suite-tests.ts'
import { preferredBy } from './judge-pair.ts'
import { judgedBy, judgeText, shownOf, unjudged } from './judge.ts'
import { boundOf } from './money.ts'

type Parts = { database: Pick<Database, 'sql'>; asserter: Asserter }

/**
 * Finds out what came of all tests of a run that have ended, and stores it. A case with rubrics whose other assertions do not fail waits
 * for its judges, which can be let go from then on. Doing it again changes nothing.
 */
export async function judgeEnded(parts: Parts, runId: string): Promise<void> {
  const { sql } = parts.database
  let unjudged: UnjudgedRow[]
  do {
    unjudged = await sql(listUnjudged, { runId })
    await Promise.all(unjudged.map((row) => (row.kind === 'JUDGE' ? hear(parts, row) : judge(parts, row, runId))))
    // What ends meanwhile has the run carried on again.
  } while (unjudged.length === MAX_UNJUDGED)
  let heard: HeardRow[]
  do {
    heard = await sql(listHeard, { runId })
    await Promise.all(heard.map((row) => decide(parts, row)))
  } while (heard.length === MAX_HEARD)
}

/** A case: asks its judges if the verdict depends on them. */
async function judge({ database: { sql }, asserter }: Parts, row: UnjudgedRow, runId: string) {
  const { assertions } = SuiteCase.fromJSON(row.definition)
  const results = row.status === 'FAILED' ? [] : await asserter.evaluate(assertions, answerOf(row), runId)
  const asksJudges = results.length > 0 && assertions.some(({ check }) => check && isRubric(check))
  if (!asksJudges || has(results, Outcome.FAIL)) return store(sql, row.id, results)
  const judges = await sql(listWaitingJudges, { runId, position: row.case_position, repeat: row.repeat })
  const texts = judges.map(({ assertion_position: position }) =>
    judgeText(rubricAt(row, position).rubric, row.response ?? '', shownOf(row.max_tokens)),
  )
  await sql(askJudges, {
    id: row.id,
    results: JSON.stringify(results.map((result) => AssertionResult.toJSON(result))),
    judges: judges.map(({ id }) => id),
    texts,
    bounds: judges.map((one, index) => boundOf(priceOf(one), texts[index]!, one.max_tokens)),
  })
}

const answerOf = (row: UnjudgedRow) => ({
  text: row.response ?? '',
  latencyMs: row.response_time_ms ?? 0,
  costMicros: BigInt(row.cost_micros),
  finishReason: row.finish_reason ?? '',
})

const priceOf = ({ input, cache_read: cacheRead, cache_write: cacheWrite, output }: WaitingJudge) => ({
  input: BigInt(input),
  cacheRead: BigInt(cacheRead),
  cacheWrite: BigInt(cacheWrite),
  output: BigInt(output),
})

/** A judge: reads what it said. */
function hear({ database: { sql } }: Parts, row: UnjudgedRow) {
  const result =
    row.status === 'FAILED' ? unjudged(`the judge did not answer: ${row.error_message}`, row.id) : resultOf(row)
  return store(sql, row.id, [result])
}

function resultOf(row: UnjudgedRow): AssertionResult {
  const { id, shows_to_first: showsToFirst, assertion_position: position, definition } = row
  if (showsToFirst !== null) return preferredBy({ showsToFirst }, row.response ?? '', id)
  const { negate } = SuiteCase.fromJSON(definition).assertions[position!]!
  return judgedBy(rubricAt(row, position!), negate, row.response ?? '', id)
}

function rubricAt({ definition }: UnjudgedRow, position: number): LlmRubric {
  const check = SuiteCase.fromJSON(definition).assertions[position]?.check
  if (check?.$case !== 'llmRubric') throw new Error(`assertion ${position} of the case is no rubric`)
  return check.value
}

/** A case whose judges have been heard: puts what they said in the places of the rubrics. */
function decide({ database: { sql } }: Parts, { id, results, judged }: HeardRow) {
  return store(
    sql,
    id,
    results.map((result, position) => AssertionResult.fromJSON(judged[position] ?? result)),
  )
}

const store = (sql: Database['sql'], id: string, results: AssertionResult[]) =>
  sql(judgeTest, {
    id,
    verdict: verdictOf(results),
    results: results.length === 0 ? null : JSON.stringify(results.map((result) => AssertionResult.toJSON(result))),
  })

/** What came of a test with these results; one without any has failed. */
function verdictOf(results: AssertionResult[]): 'PASS' | 'FAIL' | 'ERROR' {
  // One that does not hold decides, whatever could not be found out.
  if (has(results, Outcome.FAIL)) return 'FAIL'
  return results.length === 0 || has(results, Outcome.ERROR) ? 'ERROR' : 'PASS'
}

const has = (results: AssertionResult[], outcome: Outcome) => results.some((result) => result.outcome === outcome)
