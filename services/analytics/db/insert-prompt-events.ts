import { type Sql, statement } from '#chassis/db/statements.ts'
import type { PromptEventRow } from '../events/rows.ts'
import { ACCEPTED, clashingCte } from './clashing.ts'
import { rollupCtes } from './rollups.ts'

/**
 * Stores events about prompts, counts those that are new, and keeps what they say of the prompts when it is of a higher revision
 * than what is known. Answers with the ids that are there already, at another time: of those it takes nothing.
 */
export const insertPromptEventsStatement = statement<unknown[], { event_id: string }>(
  'insert_prompt_events',
  `with incoming as (
    select * from unnest($1::uuid[], $2::timestamptz[], $3::varchar[], $4::uuid[], $5::varchar[], $6::uuid[], $7::varchar[],
        $8::varchar[], $9::varchar[], $10::jsonb[])
      as e (event_id, event_time, event_type, prompt_id, title, user_id, username, category, viewer_hash, properties)
  ),
  ${clashingCte('prompt_activity_events')},
  inserted as (
    insert into prompt_activity_events
      (event_id, event_time, event_type, prompt_id, title, user_id, username, category, viewer_hash, properties)
    select event_id, event_time, event_type, prompt_id, title, user_id, username, category, viewer_hash, properties
    ${ACCEPTED}
    on conflict (event_id, event_time) do nothing
    returning prompt_id, event_type, event_time
  ),
  ${rollupCtes('prompt_daily', 'prompt_id')},
  told as (
    insert into prompt_facts as f (prompt_id, owner_id, visible, deleted, revision)
    select prompt_id, owner_id, visible and not deleted, deleted, revision
    from (
      select distinct on (prompt_id) prompt_id, owner_id, visible, revision,
        bool_or(deleted) over (partition by prompt_id) as deleted
      from unnest($11::uuid[], $12::uuid[], $13::uuid[], $14::boolean[], $15::boolean[], $16::bigint[])
        as t (event_id, prompt_id, owner_id, visible, deleted, revision)
      where not exists (select from clashing c where c.event_id = t.event_id)
      order by prompt_id, revision desc
    ) latest
    order by prompt_id
    on conflict (prompt_id) do update set
      owner_id = excluded.owner_id,
      visible = excluded.visible and not f.deleted,
      deleted = excluded.deleted or f.deleted,
      revision = greatest(excluded.revision, f.revision)
    where excluded.revision > f.revision or (excluded.deleted and not f.deleted)
  )
  select event_id from clashing`,
)

/** Runs it. */
export async function insertPromptEvents(sql: Sql, rows: PromptEventRow[]): Promise<string[]> {
  const facts = rows.flatMap(({ id, promptId, facts: told }) => (told ? [{ id, promptId, ...told }] : []))
  const clashing = await sql(insertPromptEventsStatement, [
    rows.map(({ id }) => id),
    rows.map(({ time }) => time.toISOString()),
    rows.map(({ type }) => type),
    rows.map(({ promptId }) => promptId),
    rows.map(({ title }) => title),
    rows.map(({ userId }) => userId),
    rows.map(({ username }) => username),
    rows.map(({ category }) => category),
    rows.map(({ viewerHash }) => viewerHash),
    rows.map(({ properties }) => properties),
    facts.map(({ id }) => id),
    facts.map(({ promptId }) => promptId),
    facts.map(({ ownerId }) => ownerId),
    facts.map(({ visible }) => visible),
    facts.map(({ deleted }) => deleted),
    facts.map(({ revision }) => revision),
  ])
  return clashing.map(({ event_id: id }) => id)
}
