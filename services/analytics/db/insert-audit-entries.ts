import { arrayOf, jsonb, nullable, type ParamsOf, text, timestamptz, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { EVENTS } from '#contracts/events.ts'
import type { AuditRow } from '../events/audit-rows.ts'

const params = {
  ids: arrayOf(uuid),
  times: arrayOf(timestamptz),
  actions: arrayOf(text),
  actorIds: arrayOf(nullable(uuid)),
  processes: arrayOf(nullable(text)),
  subjectIds: arrayOf(nullable(uuid)),
  kinds: arrayOf(text),
  targetIds: arrayOf(uuid),
  names: arrayOf(nullable(text)),
  changes: arrayOf(nullable(jsonb)),
  reasons: arrayOf(nullable(text)),
  requestIds: arrayOf(nullable(text)),
  addresses: arrayOf(nullable(text)),
  userAgents: arrayOf(nullable(text)),
}

/** Stores entries of the audit log that are not there yet; those of users who were erased, without address, user agent and reason. */
export const insertAuditEntries = statement(
  'insert_audit_entries',
  params,
)(
  (p) => `insert into audit_entries (event_id, event_time, action, actor_id, actor_process, subject_id, target_kind,
      target_id, target_name, changes, reason, request_id, client_address, user_agent)
    select event_id, event_time, action, actor_id, actor_process, subject_id, target_kind, target_id, target_name,
      changes, case when not is_erased then reason end, request_id, case when not is_erased then client_address end,
      case when not is_erased then user_agent end
    from unnest(${p.ids}, ${p.times}, ${p.actions}, ${p.actorIds}, ${p.processes}, ${p.subjectIds}, ${p.kinds},
        ${p.targetIds}, ${p.names}, ${p.changes}, ${p.reasons}, ${p.requestIds}, ${p.addresses}, ${p.userAgents})
      as e (event_id, event_time, action, actor_id, actor_process, subject_id, target_kind,
        target_id, target_name, changes, reason, request_id, client_address, user_agent)
      cross join lateral (
        select exists (select from counted_once where about = actor_id and event = '${EVENTS.userErased.name}')
      ) known (is_erased)
    order by event_id
    on conflict (event_id, event_time) do nothing`,
)

/** The values of its parameters. */
export const auditColumns = (rows: AuditRow[]): ParamsOf<typeof params> => ({
  ids: rows.map(({ id }) => id),
  times: rows.map(({ time }) => time.toISOString()),
  actions: rows.map(({ action }) => action),
  actorIds: rows.map(({ actorId }) => actorId),
  processes: rows.map(({ actorProcess }) => actorProcess),
  subjectIds: rows.map(({ subjectId }) => subjectId),
  kinds: rows.map(({ targetKind }) => targetKind),
  targetIds: rows.map(({ targetId }) => targetId),
  names: rows.map(({ targetName }) => targetName),
  changes: rows.map(({ changes }) => changes),
  reasons: rows.map(({ reason }) => reason),
  requestIds: rows.map(({ requestId }) => requestId),
  addresses: rows.map(({ address }) => address),
  userAgents: rows.map(({ userAgent }) => userAgent),
})
