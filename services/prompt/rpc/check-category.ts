import { invalid } from '#chassis/errors.ts'
import type { CategoryNames } from '../db/categories.ts'

/** Throws INVALID_ARGUMENT for a category that is not one of ListCategories. None at all is allowed. */
export async function checkCategory(categories: CategoryNames, name: string | undefined): Promise<void> {
  if (!name || (await categories.has(name))) return
  throw invalid([{ field: 'category', description: 'must be one of ListCategories' }], 'CATEGORY_UNKNOWN')
}
