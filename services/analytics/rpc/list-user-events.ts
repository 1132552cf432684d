import { notFound } from '#chassis/errors.ts'
import { isSelfOrAdmin } from '#chassis/grpc/access.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { readPage } from '#chassis/page-token.ts'
import type { ListUserEventsRequest } from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import type { Deps } from '../context.ts'
import { cursorOf, pageParams } from '../db/event-pages.ts'
import * as db from '../db/list-user-events.ts'
import { toUserEvent } from './view.ts'

export const listUserEvents =
  ({ pageTokens }: Pick<Deps, 'pageTokens'>) =>
  async (request: ListUserEventsRequest, call: Call) => {
    const { pageSize, pageToken, ...parameters } = request
    const { userId, type } = parameters
    const asked = { scope: ['ListUserEvents', parameters], pageSize, pageToken }
    const { page, nextPageToken } = await readPage(pageTokens, asked, cursorOf, async (cursor, limit) => {
      if (!(await isSelfOrAdmin(userId, call))) throw notFound('user')
      return call.sql(db.listUserEvents, { userId, type: type || null, ...pageParams(parameters, cursor, limit) })
    })
    return { events: page.map(toUserEvent), nextPageToken }
  }
