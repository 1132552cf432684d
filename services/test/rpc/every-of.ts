import { invalid, isAppError, type Violation } from '#chassis/errors.ts'

/**
 * Does something with every item. Throws one INVALID_ARGUMENT that names what is wrong with any of them, each violation once; `at` says where
 * the item is in the request: `cases[3].`.
 */
export function everyOf<T, R>(
  items: readonly T[],
  act: (item: T, index: number) => R,
  at: (index: number) => string = () => '',
): R[] {
  const violations = new Map<string, Violation>()
  const results = items.flatMap((item, index) => {
    try {
      return [act(item, index)]
    } catch (error) {
      if (!isAppError(error) || error.violations.length === 0) throw error
      for (const { field, description } of error.violations)
        violations.set(`${at(index)}${field}: ${description}`, { field: `${at(index)}${field}`, description })
      return []
    }
  })
  if (violations.size > 0) throw invalid([...violations.values()])
  return results
}
