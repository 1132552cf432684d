import { type Sql, statement } from '#chassis/db/statements.ts'

/** The names that a `category` may have. */
export type CategoryNames = { has(name: string): Promise<boolean> }

/** Milliseconds for which the names are remembered. Only a migration changes them, so this is how late a new one is known. */
const REMEMBERED_MS = 30_000

const selectNames = statement('select_category_names', {})<{ name: string }>(() => 'select name from categories')

/**
 * Reads the names when first asked and again when they are older than 30 s, once however many ask. A failed read is not
 * cached: the caller gets it, and the next caller tries again.
 */
export function createCategoryNames(sql: Sql): CategoryNames {
  let names: Promise<Set<string>> | undefined
  let readAt = 0
  const read = () => {
    readAt = Date.now()
    const reading = sql(selectNames, {}).then((rows) => new Set(rows.map(({ name }) => name)))
    reading.catch(() => {
      if (names === reading) names = undefined
    })
    return reading
  }
  return {
    has: async (name) => {
      if (!names || Date.now() - readAt > REMEMBERED_MS) names = read()
      return (await names).has(name)
    },
  }
}
