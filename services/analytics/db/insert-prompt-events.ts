import { arrayOf, bigint, boolean, nullable, type ParamsOf, text, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import type { PromptEventRow } from '../events/rows.ts'
import { eventColumnParams, eventColumns } from './event-columns.ts'
import { claimedCte, CLASHING, IS_ACCEPTED, KNOWN_CTE, newRows } from './known.ts'
import { rollupCtes } from './rollups.ts'
import { VOTES_CTE } from './votes.ts'

const params = {
  ...eventColumnParams,
  promptIds: arrayOf(uuid),
  titles: arrayOf(nullable(text)),
  userIds: arrayOf(nullable(uuid)),
  categories: arrayOf(nullable(text)),
  viewerHashes: arrayOf(nullable(text)),
  factsIds: arrayOf(uuid),
  factsPromptIds: arrayOf(uuid),
  factsOwnerIds: arrayOf(uuid),
  factsVisible: arrayOf(boolean),
  factsDeleted: arrayOf(boolean),
  factsRevisions: arrayOf(bigint),
  factsResynced: arrayOf(boolean),
  factsTitles: arrayOf(nullable(text)),
  factsCategories: arrayOf(nullable(text)),
}

/**
 * Stores events about prompts, counts those that are new, and keeps what they say of the prompts when it is of a higher revision
 * than what is known. Answers with the ids that are there already, at another time: of those it takes nothing.
 */
export const insertPromptEvents = statement(
  'insert_prompt_events',
  params,
)<{ event_id: string }>(
  (p) => `with incoming as (
    select * from unnest(${p.ids}, ${p.times}, ${p.types}, ${p.promptIds}, ${p.titles}, ${p.userIds}, ${p.usernames},
        ${p.categories}, ${p.viewerHashes}, ${p.properties}, ${p.once})
      as e (event_id, event_time, event_type, prompt_id, title, user_id, username, category, viewer_hash, properties, once)
  ),
  ${KNOWN_CTE},
  ${claimedCte('prompt_id')},
  inserted as (
    insert into prompt_activity_events
      (event_id, event_time, event_type, prompt_id, title, user_id, username, category, viewer_hash, properties)
    select event_id, event_time, event_type, prompt_id, title, user_id, username, category, viewer_hash, properties
    ${newRows('prompt_id')}
    on conflict (event_id, event_time) do nothing
    returning prompt_id, event_type, event_time, user_id, viewer_hash
  ),
  ${rollupCtes('prompt_daily', 'prompt_id')},
  ${VOTES_CTE},
  facts as (
    insert into prompt_facts as f (prompt_id, owner_id, visible, deleted, revision, resynced, title, category)
    select prompt_id, owner_id, visible and not deleted, deleted, revision, resynced, title, category
    from (
      select distinct on (prompt_id) prompt_id, owner_id, visible, revision, resynced, title, category,
        bool_or(deleted) over (partition by prompt_id) as deleted
      from unnest(${p.factsIds}, ${p.factsPromptIds}, ${p.factsOwnerIds}, ${p.factsVisible}, ${p.factsDeleted},
          ${p.factsRevisions}, ${p.factsResynced}, ${p.factsTitles}, ${p.factsCategories})
        as t (event_id, prompt_id, owner_id, visible, deleted, revision, resynced, title, category)
      where ${IS_ACCEPTED}
      order by prompt_id, revision desc, resynced
    ) latest
    order by prompt_id
    on conflict (prompt_id) do update set
      owner_id = excluded.owner_id,
      visible = excluded.visible and not f.deleted,
      deleted = excluded.deleted or f.deleted,
      revision = greatest(excluded.revision, f.revision),
      resynced = case when excluded.revision > f.revision then excluded.resynced else f.resynced end,
      title = excluded.title,
      category = excluded.category
    where excluded.revision > f.revision or (excluded.deleted and not f.deleted)
  )
  ${CLASHING}`,
)

/** What it is given for these rows: an array for each column. */
export function promptEventColumns(rows: PromptEventRow[]): ParamsOf<typeof params> {
  const facts = rows.flatMap((row) => (row.facts ? [{ ...row, ...row.facts }] : []))
  return {
    ...eventColumns(rows),
    promptIds: rows.map(({ promptId }) => promptId),
    titles: rows.map(({ title }) => title),
    userIds: rows.map(({ userId }) => userId),
    categories: rows.map(({ category }) => category),
    viewerHashes: rows.map(({ viewerHash }) => viewerHash),
    factsIds: facts.map(({ id }) => id),
    factsPromptIds: facts.map(({ promptId }) => promptId),
    factsOwnerIds: facts.map(({ ownerId }) => ownerId),
    factsVisible: facts.map(({ visible }) => visible),
    factsDeleted: facts.map(({ deleted }) => deleted),
    factsRevisions: facts.map(({ revision }) => revision),
    factsResynced: facts.map(({ resynced }) => resynced),
    factsTitles: facts.map(({ title }) => title),
    factsCategories: facts.map(({ category }) => category),
  }
}
