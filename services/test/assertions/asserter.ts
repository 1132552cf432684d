import type { Violation } from '#chassis/errors.ts'
import type { Logger } from '#chassis/logger.ts'
import { createThreads } from '#chassis/threads.ts'
import type { Assertion, AssertionResult } from '#contracts/gen/promptforge/test/v1/assertion.ts'
import { type Answer, type Check, findPlain, isCheap, isDeep, isRubric } from './check.ts'
import { type Finding, readable } from './finding.ts'
import { compiledField, isCompilable, problemsAtSight } from './problems.ts'
import { toResult } from './result.ts'
import type { Compiled, Task } from './assert-worker.ts'
import { runTimed, type TimedRun } from './timed-run.ts'

/** Milliseconds that a thread has for all assertions of a case, and for what is compiled of one. */
const LIMIT_MS = 250

/** MiB of a thread: many times what an answer of 1 MiB takes as JSON. */
const MEMORY_MIB = 128

/** Evaluates assertions. What a user's text can make slow runs in threads of its own. */
export type Asserter = AsyncDisposable & {
  /**
   * What came of each assertion, in their order; a rubric is an ERROR, for a judge is asked elsewhere. Waits for a thread as long as that takes; owners take turns, users by their ids. Throws
   * only when it has been disposed of.
   */
  evaluate(assertions: Assertion[], answer: Answer, owner?: string): Promise<AssertionResult[]>
  /**
   * What is wrong with an assertion that is to be stored, beside what the contract says; the fields are the assertion's,
   * `json_path.path`. Throws when `signal` is aborted.
   */
  problemsOf(assertion: Assertion, options?: { owner?: string; signal?: AbortSignal }): Promise<Violation[]>
}

/** Makes one. Its threads begin when they are needed. */
export function createAsserter(log: Logger, { limitMs = LIMIT_MS, memoryMib = MEMORY_MIB } = {}): Asserter {
  const threads = createThreads<Task, void>({
    module: new URL('./assert-worker.ts', import.meta.url),
    name: 'work',
    what: 'assertions',
    maxWaiting: Infinity,
    memoryMib,
  })
  const ending = new AbortController()
  const run = async <Part>(task: Parameters<typeof runTimed<Part, Task>>[1], owner?: string, caller?: AbortSignal) => {
    const signal = caller ? AbortSignal.any([caller, ending.signal]) : ending.signal
    const told = await runTimed<Part, Task>(threads, task, { limitMs, owner, signal })
    if (told.failure) log.warn({ err: told.failure }, 'a thread that checks answers failed')
    return told
  }
  return {
    evaluate: async (assertions, answer, owner) => {
      const isLong = (check: Check) => isDeep(check) || !isCheap(check, answer)
      const checks = assertions.flatMap(({ check }) => (check && !isRubric(check) && isLong(check) ? [check] : []))
      const told = checks.length > 0 ? await run<Finding>({ checks, answer }, owner) : { parts: [] }
      const found = new Map<Assertion['check'], Finding>(
        checks.map((check, index) => [check, told.parts[index] ?? unfinished(told, limitMs)]),
      )
      return assertions.map(({ check, negate }) => toResult(found.get(check) ?? findNow(check, answer), negate))
    },
    problemsOf: async ({ check }, { owner, signal } = {}) => {
      if (!check || isRubric(check)) return []
      const problems = problemsAtSight(check)
      if (problems.length > 0 || !isCompilable(check)) return problems
      const told = await run<Compiled>({ compile: check }, owner, signal)
      const problem = told.parts[0] ? told.parts[0].problem : unfinished(told, limitMs).unknown
      return problem === undefined ? [] : [{ field: compiledField(check), description: readable(problem) }]
    },
    [Symbol.asyncDispose]: async () => {
      ending.abort(new Error('the asserter has been disposed of'))
      await threads.close()
    },
  }
}

function findNow(check: Assertion['check'], answer: Answer): Finding {
  if (check && isRubric(check)) return { unknown: 'no judge was asked' }
  if (!check || isDeep(check)) return { unknown: 'could not be checked: it says nothing' }
  return findPlain(check, answer)
}

function unfinished({ isLate, failure }: TimedRun<unknown>, limitMs: number) {
  return { unknown: isLate ? `could not be checked within ${limitMs} ms` : `could not be checked${because(failure)}` }
}

const because = (failure: unknown) =>
  (failure as NodeJS.ErrnoException | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? ': it takes too much memory'
    : ''
