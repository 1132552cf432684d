import { integer, type SqlNames, text, timestamptz, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { MAX_ROWS } from '#chassis/page-token.ts'
import { type EventKey, isAfter } from './event-pages.ts'

/** An event as it is listed. */
export type PromptEventRow = EventKey & { event_type: string; user_id: string | null; username: string | null }

const params = {
  promptId: uuid,
  start: timestamptz,
  end: timestamptz,
  key: timestamptz,
  id: uuid,
  limit: integer,
}

/** A page of what happened to a prompt, newest first. It reads the partitions of its time, newest first, until it is full. */
export const listPromptEvents = statement('list_prompt_events', params)<PromptEventRow>((p) => query(p))

/** The same of one type, by an index of its own: a page of the few likes among a million views reads no view. */
export const listPromptEventsOfType = statement('list_prompt_events_of_type', {
  ...params,
  type: text,
})<PromptEventRow>((p) => query(p, `and event_type = ${p.type}`))

function query(p: SqlNames<typeof params>, ofType = '') {
  return `select * from (
    select event_id, event_type, event_time, user_id, username
    from prompt_activity_events
    where prompt_id = ${p.promptId} and event_time >= ${p.start} and event_time < ${p.end} and ${isAfter(p)} ${ofType}
    order by event_time desc, event_id desc
    limit ${MAX_ROWS}
  ) page limit ${p.limit}`
}
