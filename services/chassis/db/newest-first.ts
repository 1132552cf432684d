import { LAST_ID } from '../ids.ts'
import type { Cursor } from '../page-token.ts'

/** Of a list that has its newest first: the values of the range after a cursor, which is a time and an id. */
export const rangeAfter = (cursor: Cursor | undefined, limit: number) => ({
  beforeTime: cursor ? String(cursor[0]) : 'infinity',
  beforeId: cursor ? String(cursor[1]) : LAST_ID,
  limit,
})

/** Of such a list: where the page after this row begins. */
export const cursorAfter = ({ created_at: createdAt, id }: { created_at: Date; id: string }): Cursor => [
  createdAt.toISOString(),
  id,
]
