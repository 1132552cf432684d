import {
  arrayOf,
  bigint,
  boolean,
  integer,
  jsonb,
  nullable,
  type ParamsOf,
  type SqlNames,
  text,
  uuid,
} from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { emission, eventParams, outboxCte } from '#chassis/events/outbox.ts'
import { EVENTS } from '#contracts/events.ts'
import { currentName } from './authors.ts'
import { contentChanged, factsOf } from './emissions.ts'
import type { PromptRow } from './rows.ts'

/** What became of a change. Only CHANGED has stored anything. */
export type Outcome = 'CHANGED' | 'UNCHANGED' | 'ETAG_STALE' | 'ABOVE_HEAD' | 'FORK_NOT_PUBLISHABLE'

const params = {
  promptId: uuid,
  ownerId: uuid,
  etag: nullable(bigint),
  title: nullable(text),
  content: nullable(text),
  description: nullable(text),
  category: nullable(text),
  tags: nullable(arrayOf(text)),
  variables: nullable(jsonb),
  model: nullable(text),
  isPublic: nullable(boolean),
  status: nullable(text),
  publicFromVersion: nullable(integer),
  /** What the new title, tags and description are found by. */
  titleTerms: nullable(text),
  tagsTerms: nullable(text),
  descriptionTerms: nullable(text),
  changes: text,
  ownerName: text,
  ...eventParams,
}

/**
 * A change: null leaves a value as it is; an empty text clears `description`, `category` and `model`. `changes` is what the owner
 * says of it.
 */
export type Change = ParamsOf<typeof params>

const metadata = { aggregateId: 'j.id', aggregateRevision: 's.revision' }

// Each field has its own weight, so those that stay are taken from what is stored. Of prompts whose terms are not of their present
// revision yet, `refreshSearch` makes them all.
const searchOf = (p: SqlNames<typeof params>) => {
  const fields = { [p.titleTerms]: 'a', [p.tagsTerms]: 'b', [p.descriptionTerms]: 'c' }
  const terms = Object.entries(fields).map(
    ([given, weight]) => `coalesce(${given}, ts_filter(o.search, '{${weight}}')::text)`,
  )
  return `case when num_nonnulls(${Object.keys(fields).join(', ')}) > 0 then (${terms.join(` || ' ' || `)})::tsvector
        else o.search end`
}

/**
 * Changes a prompt in one statement, and answers with it as it then is. No row: the owner has no such prompt.
 *
 * `locked` locks the row, and waits while another transaction holds it: what follows is computed from the newest state, so
 * concurrent changes come one after the other and each sees the one before. `wanted` is the row with the change in it, `counted`
 * its version, `judged` what may become of it. When somebody else held the lock, the row that `stored` finds is older than the
 * one that was locked; PostgreSQL then takes the newest one, which is the locked one.
 */
export const updatePrompt = statement(
  'update_prompt',
  params,
)<PromptRow & { outcome: Outcome }>((p) => {
  const actor = { userId: 'j.user_id', username: currentName('j.user_id', p.ownerName) }
  return `with locked as (
    select * from prompts where id = ${p.promptId} and user_id = ${p.ownerId} and deleted_at is null for no key update
  ),
  wanted as materialized (
    select o.id, o.user_id, o.deleted_at,
      coalesce(${p.title}, o.title) as title,
      coalesce(${p.content}, o.content) as content,
      case when ${p.description} is null then o.description else nullif(${p.description}, '') end as description,
      case when ${p.category} is null then o.category else nullif(${p.category}, '') end as category,
      coalesce(${p.tags}, o.tags) as tags,
      coalesce(${p.variables}, o.variables) as variables,
      case when ${p.model} is null then o.model else nullif(${p.model}, '') end as model,
      coalesce(${p.isPublic}, o.is_public) as is_public,
      coalesce(${p.status}, o.status) as status,
      ${searchOf(p)} as search, o.search_revision = o.revision as is_searchable
    from locked o
  ),
  counted as materialized (
    select w.*,
      case when (w.title, w.content, w.description, w.category, w.variables, w.model)
        is distinct from (o.title, o.content, o.description, o.category, o.variables, o.model)
        then o.version + 1 else o.version end as version,
      (w.is_public and w.status <> 'DRAFT') and not (o.is_public and o.status <> 'DRAFT') as is_revealed
    from wanted w cross join locked o
  ),
  judged as materialized (
    select c.*, f.public_from_version,
      case
        when ${p.etag} <> o.revision then 'ETAG_STALE'
        when f.public_from_version > c.version then 'ABOVE_HEAD'
        when o.forked_private and c.is_public then 'FORK_NOT_PUBLISHABLE'
        when (c.version, c.tags, c.is_public, c.status, f.public_from_version)
          is distinct from (o.version, o.tags, o.is_public, o.status, o.public_from_version) then 'CHANGED'
        else 'UNCHANGED'
      end as outcome
    from counted c cross join locked o
    cross join lateral (
      select coalesce(${p.publicFromVersion}, case when c.is_revealed then c.version else o.public_from_version end)
        as public_from_version
    ) f
  ),
  stored as (
    update prompts p set title = j.title, content = j.content, description = j.description, category = j.category,
      tags = j.tags, variables = j.variables, model = j.model, is_public = j.is_public, status = j.status,
      version = j.version, public_from_version = j.public_from_version, revision = p.revision + 1, search = j.search,
      search_revision = case when j.is_searchable then p.revision + 1 else p.search_revision end,
      updated_at = greatest(p.updated_at, clock_timestamp())
    from judged j
    where p.id = j.id and j.outcome = 'CHANGED'
    returning p.revision, p.updated_at
  ),
  ${outboxCte(p, {
    from: 'stored s cross join judged j cross join locked o',
    at: 's.updated_at',
    aggregateId: 'j.id',
    events: [
      emission(EVENTS.promptUpdated, { metadata, actor, prompt: factsOf('j'), version: 'j.version' }),
      contentChanged('j', { metadata, actor, changes: p.changes, when: 'j.version > o.version' }),
    ],
  })}
  select j.outcome, j.id, j.title, j.content, j.description, j.category, j.user_id, o.username, j.is_public, j.version,
    o.likes_count, o.comments_count, o.ratings_count, o.forks_count, o.rating_avg::float8 as rating_avg, j.tags,
    j.variables, j.model, j.status, j.public_from_version, o.forked_from_id, o.forked_from_version, o.created_at,
    coalesce(s.updated_at, o.updated_at) as updated_at, coalesce(s.revision, o.revision) as revision
  from judged j cross join locked o left join stored s on true`
})
