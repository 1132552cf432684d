import { notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { cutPage, pageSize } from '#chassis/page-token.ts'
import type { ListUserEventsRequest } from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import type { Deps } from '../context.ts'
import { cursorOf, pageParams } from '../db/event-pages.ts'
import * as db from '../db/list-user-events.ts'
import { isSelfOrAdmin } from './admins.ts'
import { toUserEvent } from './view.ts'

export const listUserEvents =
  ({ pageTokens }: Pick<Deps, 'pageTokens'>) =>
  async (request: ListUserEventsRequest, call: Call) => {
    const { pageSize: requested, pageToken, ...parameters } = request
    const scope = ['ListUserEvents', parameters]
    const cursor = pageTokens.open(scope, pageToken)
    const { userId, type } = request
    if (!(await isSelfOrAdmin(userId, call))) throw notFound('user')
    const size = pageSize(requested)
    const rows = await call.sql(db.listUserEvents, {
      userId,
      type: type || null,
      ...pageParams(request, cursor, size + 1),
    })
    const { page, last } = cutPage(rows, size)
    return { events: page.map(toUserEvent), nextPageToken: last ? pageTokens.seal(scope, cursorOf(last)) : '' }
  }
