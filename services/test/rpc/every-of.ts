import { invalid, isAppError, type Violation } from '#chassis/errors.ts'

/**
 * Does something with a part of a request, which is `at` that place: `settings.`. Answers with what came of it, or with the violations of the
 * INVALID_ARGUMENT that it throws; what else it throws goes on.
 */
export function attempt<R>(act: () => R, at: string): { done: R } | { violations: Violation[] } {
  try {
    return { done: act() }
  } catch (error) {
    return { violations: violationsOf(error, at) }
  }
}

/** The violations of an INVALID_ARGUMENT about the part of a request `at` that place. Throws every other error. */
export function violationsOf(error: unknown, at: string): Violation[] {
  if (!isAppError(error) || error.violations.length === 0) throw error
  return error.violations.map(({ field, description }) => ({ field: `${at}${field}`, description }))
}

/**
 * Does something with every item. Throws one INVALID_ARGUMENT that names what is wrong with any of them, each violation once; `at` says where
 * the item is in the request: `cases[3].`.
 */
export function everyOf<T, R>(
  items: readonly T[],
  act: (item: T, index: number) => R,
  at: (index: number) => string = () => '',
): R[] {
  const tried = items.map((item, index) => attempt(() => act(item, index), at(index)))
  const violations = tried.flatMap((one) => ('violations' in one ? one.violations : []))
  if (violations.length > 0)
    throw invalid([...new Map(violations.map((one) => [`${one.field}: ${one.description}`, one])).values()])
  return tried.flatMap((one) => ('done' in one ? [one.done] : []))
}
