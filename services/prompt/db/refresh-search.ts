import { arrayOf, integer, text, uuid } from '#chassis/db/params.ts'
import { type Sql, statement } from '#chassis/db/statements.ts'
import type { Job } from '#chassis/jobs.ts'
import { type Searched, searchVector } from '#chassis/search/vector.ts'

/** Milliseconds between two looks for prompts without their terms. */
const EVERY_MS = 5000

/** Prompts that one statement changes. */
const BATCH = 200

/**
 * Makes the terms of prompts whose `search` is not of their present revision, newest first: of those from before there were terms, and
 * of those that an earlier version of the service wrote. It goes on where it was interrupted.
 */
export async function refreshSearch(sql: Sql, signal?: AbortSignal): Promise<void> {
  let isMore = true
  while (isMore && !signal?.aborted) {
    const due = await sql(findDue, {})
    await sql(storeSearch, {
      ids: due.map(({ id }) => id),
      revisions: due.map(({ revision }) => revision),
      searches: due.map(searchVector),
    })
    isMore = due.length === BATCH
  }
}

/** `refreshSearch` every 5 seconds. */
export const searchJob = (sql: Sql): Job => ({
  name: 'refresh search',
  on: 'one replica',
  everyMs: EVERY_MS,
  run: (signal) => refreshSearch(sql, signal),
})

/** Prompts that are due. */
export const findDue = statement(
  'find_search_due',
  {},
)<Searched & { id: string; revision: number }>(
  () => `select id, revision, title, tags, description from prompts
    where search_revision <> revision and deleted_at is null order by created_at desc, id desc limit ${BATCH}`,
)

/** Stores the terms of these prompts, unless they changed meanwhile. */
export const storeSearch = statement('store_search', {
  ids: arrayOf(uuid),
  revisions: arrayOf(integer),
  searches: arrayOf(text),
})(
  (p) => `update prompts p set search = d.search::tsvector, search_revision = d.revision,
      ordinal = coalesce(p.ordinal, nextval('prompts_former_ordinal'))
    from unnest(${p.ids}, ${p.revisions}, ${p.searches}) d (id, revision, search)
    where p.id = d.id and p.revision = d.revision`,
)
