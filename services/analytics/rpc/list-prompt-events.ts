import { notFound } from '#chassis/errors.ts'
import { isAdmin } from '#chassis/grpc/access.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { cutPage, pageSize } from '#chassis/page-token.ts'
import type { ListPromptEventsRequest } from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import type { Deps } from '../context.ts'
import { cursorOf, pageParams } from '../db/event-pages.ts'
import * as db from '../db/list-prompt-events.ts'
import { PromptFacts } from '../db/prompt-facts.entity.ts'
import { toPromptEvent } from './view.ts'

export const listPromptEvents =
  ({ pageTokens }: Pick<Deps, 'pageTokens'>) =>
  async (request: ListPromptEventsRequest, call: Call) => {
    const { pageSize: requested, pageToken, ...parameters } = request
    const scope = ['ListPromptEvents', parameters]
    const cursor = pageTokens.open(scope, pageToken)
    const { promptId, type } = request
    const prompt = await call.em.findOne(PromptFacts, { promptId })
    const isOwner = prompt?.ownerId === call.caller.userId && !prompt.deleted
    if (!prompt || !(isOwner || (await isAdmin(call)))) throw notFound('prompt')
    const size = pageSize(requested)
    const params = { promptId, ...pageParams(request, cursor, size + 1) }
    const rows = await (type
      ? call.sql(db.listPromptEventsOfType, { ...params, type })
      : call.sql(db.listPromptEvents, params))
    const { page, last } = cutPage(rows, size)
    return {
      events: page.map((row) => toPromptEvent(row, { withReaders: !isOwner })),
      nextPageToken: last ? pageTokens.seal(scope, cursorOf(last)) : '',
    }
  }
