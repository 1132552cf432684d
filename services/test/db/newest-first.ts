import { LAST_ID } from '#chassis/ids.ts'
import type { Cursor } from '#chassis/page-token.ts'

/** The values of the range after a cursor, in a list that has its newest first. */
export const rangeAfter = (cursor: Cursor | undefined, limit: number) => ({
  beforeTime: cursor ? String(cursor[0]) : 'infinity',
  beforeId: cursor ? String(cursor[1]) : LAST_ID,
  limit,
})

/** Where the page after this row begins. */
export const cursorOf = ({ created_at: createdAt, id }: { created_at: Date; id: string }): Cursor => [
  createdAt.toISOString(),
  id,
]
