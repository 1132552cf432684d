import { integer, nullable, text, timestamptz, uuid } from '#chassis/db/params.ts'
import { unprepared } from '#chassis/db/statements.ts'
import { MAX_ROWS } from '#chassis/page-token.ts'
import type { AuditEntry_Change as Change } from '#contracts/gen/promptforge/audit/v1/audit.ts'
import { type EventKey, isAfter } from './event-pages.ts'

/** An entry as it is listed. */
export type AuditEntryRow = EventKey & {
  action: string
  actor_id: string | null
  actor_process: string | null
  subject_id: string | null
  target_kind: string
  target_id: string
  target_name: string | null
  changes: Change[] | null
  reason: string | null
  request_id: string | null
  client_address: string | null
  user_agent: string | null
}

const params = {
  actorId: nullable(uuid),
  action: nullable(text),
  targetId: nullable(uuid),
  start: timestamptz,
  end: timestamptz,
  key: timestamptz,
  id: uuid,
  limit: integer,
}

type Names = Record<keyof typeof params, string>

const COLUMNS = `event_id, event_time, action, actor_id, actor_process, subject_id, target_kind, target_id, target_name,
  changes, reason, request_id, client_address, user_agent`

const IN_ORDER = `order by event_time desc, event_id desc limit ${MAX_ROWS}`

const page = (p: Names, whose: string) => `select ${COLUMNS} from audit_entries
    where ${whose} event_time >= ${p.start} and event_time < ${p.end} and ${isAfter(p)}
      and (${p.actorId} is null or actor_id = ${p.actorId}) and (${p.action} is null or action = ${p.action})
      and (${p.targetId} is null or target_id = ${p.targetId})
    ${IN_ORDER}`

/** A page of all entries, newest first. */
export const listAuditEntries = unprepared(params)<AuditEntryRow>(
  (p) => `select * from (${page(p, '')}) page limit ${p.limit}`,
)

/** A page of those that a user did, and that concern the user. Each is read in its order, from an index of its own. */
export const listOwnAuditEntries = unprepared({ ...params, userId: uuid })<AuditEntryRow>(
  (p) => `select * from (
    (${page(p, `actor_id = ${p.userId} and`)})
    union all
    (${page(p, `subject_id = ${p.userId} and actor_id is distinct from ${p.userId} and`)})
  ) page order by event_time desc, event_id desc limit ${p.limit}`,
)
