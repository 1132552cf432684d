import { isDeepStrictEqual } from 'node:util'
import { changedAt } from './clock.ts'

/** What has a revision, by which clients know its state again. */
type Revised = { revision: number; updatedAt?: Date | null }

/** Changes an entity in place. Its revision and its time increase if anything changes; answers whether it did. */
export function revise<T extends Revised>(entity: T, changes: Partial<NoInfer<T>>, now: Date): boolean {
  const names = Object.keys(changes) as (keyof T)[]
  if (names.every((name) => isDeepStrictEqual(changes[name], entity[name]))) return false
  Object.assign(entity, changes, { revision: entity.revision + 1, updatedAt: changedAt(entity.updatedAt, now) })
  return true
}

/** An optional text after a change: undefined leaves it as it is, and empty clears it. */
export const changedText = (stored: string | null | undefined, wanted: string | undefined): string | null =>
  wanted === undefined ? (stored ?? null) : wanted || null
