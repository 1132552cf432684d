import { integer, nullable, type SqlNames, timestamptz, uuid } from '#chassis/db/params.ts'
import { type Cursor, MAX_ROWS } from '#chassis/page-token.ts'
import { isShownTo } from './readable.ts'

/** What a page is ordered by. */
export type Keys = { id: string; createdAt: Date }

/** A row of a page, or, when there is nothing on the page, the one row in its stead. `Of` is of the prompt, in every row. */
export type PageRow<Row, Of = unknown> = Of & ((Row & Keys) | { id: null })

/** The parameters of `pageOf`. */
export const pageParams = {
  promptId: uuid,
  readerId: nullable(uuid),
  beforeTime: timestamptz,
  beforeId: uuid,
  limit: integer,
}

/** Where the page after this row begins. */
export const cursorOf = ({ createdAt, id }: Keys): Cursor => [createdAt.toISOString(), id]

type Parts = {
  /** The table, in which a row is `c`, and has `id`, `prompt_id` and `created_at`. */
  table: string
  /** Columns of `c`, in addition to those of Keys. */
  columns: string
  /** Which rows `c` are of the list. */
  where: string
  /** A query of one row about the prompt `p`, whose columns are in every row. Default: none. */
  ofPrompt?: string
}

/**
 * SQL of a page of what people said of a prompt, newest first, in one round trip: the rows of PageRow. No row: there is no such prompt that
 * the reader may see.
 */
export const pageOf = (p: SqlNames<typeof pageParams>, { table, columns, where, ofPrompt = 'select' }: Parts) => `
  select page.*, of_prompt.*
  from prompts p cross join lateral (${ofPrompt}) of_prompt left join lateral (
    select c.id, c.created_at as "createdAt", ${columns} from ${table} c
    where ${where} and (c.created_at, c.id) < (${p.beforeTime}, ${p.beforeId})
    order by c.created_at desc, c.id desc
    limit ${MAX_ROWS}
  ) page on true
  where p.id = ${p.promptId} and ${isShownTo('p', p.readerId)}
  limit ${p.limit}`
