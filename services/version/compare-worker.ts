import { compareTexts } from './compare-texts.ts'

/** Two contents to compare, and what the unified diff calls them. */
export type Task = { before: string; after: string; names: { from: string; to: string } }

/** What a thread of `comparer.ts` does. */
export const compare = ({ before, after, names }: Task) => compareTexts(before, after, names)
