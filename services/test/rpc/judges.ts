import type { Call } from '#chassis/grpc/call.ts'
import type { Judge } from '#contracts/gen/promptforge/test/v1/assertion.ts'
import type { SuiteCase, SuiteSettings } from '#contracts/gen/promptforge/test/v1/suite.ts'
import { ownKey } from './own-key.ts'

/** A rubric of a suite, at its place, and who judges by it; `at` is where that is said in the suite: `settings.judge.`. */
export type JudgedRubric = {
  casePosition: number
  caseName: string
  assertionPosition: number
  rubric: string
  judge: Judge
  at: string
}

/** Who judges when a rubric does not say: the judge of a suite's settings; else its model. */
export const judgeOf = ({ judge, modelProvider, modelName, keyId }: SuiteSettings): { judge: Judge; at: string } =>
  judge ? { judge, at: 'settings.judge.' } : { judge: { modelProvider, modelName, keyId }, at: 'settings.' }

/** The rubrics of a suite, in their order. Who judges is said by the rubric, else by the settings; else it is the suite's model. */
export function rubricsOf(settings: SuiteSettings, cases: readonly SuiteCase[]): JudgedRubric[] {
  const common = judgeOf(settings)
  return cases.flatMap(({ name: caseName, assertions }, casePosition) =>
    assertions.flatMap(({ check }, assertionPosition) => {
      if (check?.$case !== 'llmRubric') return []
      const { rubric, judge: own } = check.value
      const at = `cases[${casePosition}].assertions[${assertionPosition}].llm_rubric.judge.`
      return [{ casePosition, caseName, assertionPosition, rubric, ...(own ? { judge: own, at } : common) }]
    }),
  )
}

/** What a suite's tests are run with, each once: for its cases and its judges; `at` is where that is said in the suite. */
export function keysOf(settings: SuiteSettings, cases: readonly SuiteCase[]): { user: Judge; at: string }[] {
  const judges = rubricsOf(settings, cases).map(({ judge, at }) => ({ user: judge, at }))
  const users = [{ user: settings, at: 'settings.' }, ...judges]
  return [...new Map(users.toReversed().map((one) => [`${one.user.modelProvider} ${one.user.keyId}`, one])).values()]
}

/** Throws as `ownKey` when the caller cannot use a key that a suite names. */
export async function checkKeys(settings: SuiteSettings, cases: readonly SuiteCase[], call: Call): Promise<void> {
  for (const { user } of keysOf(settings, cases)) await ownKey(user, call)
}
