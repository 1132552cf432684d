import { isAdmin } from '#chassis/grpc/access.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { readPage } from '#chassis/page-token.ts'
import {
  type AuditEntry,
  auditEntry_ActionFromJSON,
  auditEntry_ActionToJSON,
  auditEntry_Target_KindFromJSON,
} from '#contracts/gen/promptforge/audit/v1/audit.ts'
import type { ListAuditEntriesRequest } from '#contracts/gen/promptforge/audit/v1/audit_service.ts'
import type { Deps } from '../context.ts'
import { cursorOf, pageParams } from '../db/event-pages.ts'
import * as db from '../db/list-audit-entries.ts'

export const listAuditEntries =
  ({ pageTokens }: Pick<Deps, 'pageTokens'>) =>
  async (request: ListAuditEntriesRequest, call: Call) => {
    const { pageSize, pageToken, ...parameters } = request
    const { userId } = call.caller
    const seesAll = await isAdmin(call)
    const scope = ['ListAuditEntries', parameters, seesAll ? 'all' : userId]
    const asked = { scope, pageSize, pageToken }
    const { page, nextPageToken } = await readPage(pageTokens, asked, cursorOf, (cursor, limit) => {
      const { actorId = null, targetId = null, action } = parameters
      const wanted = action === 0 ? null : auditEntry_ActionToJSON(action)
      const params = { actorId, targetId, action: wanted, ...pageParams(parameters, cursor, limit) }
      return seesAll ? call.sql(db.listAuditEntries, params) : call.sql(db.listOwnAuditEntries, { ...params, userId })
    })
    return { entries: page.map((row) => toEntry(row, seesAll || row.actor_id === userId)), nextPageToken }
  }

/** An entry; from where it was done, only `withOrigin`. */
const toEntry = (row: db.AuditEntryRow, withOrigin: boolean): AuditEntry => ({
  entryId: row.event_id,
  time: row.event_time,
  action: auditEntry_ActionFromJSON(row.action),
  actorId: row.actor_id ?? '',
  actorProcess: row.actor_process ?? '',
  subjectId: row.subject_id ?? '',
  target: {
    kind: auditEntry_Target_KindFromJSON(row.target_kind),
    id: row.target_id,
    name: row.target_name ?? '',
  },
  changes: row.changes ?? [],
  reason: row.reason ?? '',
  requestId: row.request_id ?? '',
  clientAddress: (withOrigin && row.client_address) || '',
  userAgent: (withOrigin && row.user_agent) || '',
})
