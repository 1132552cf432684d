import { notFound } from '#chassis/errors.ts'
import type { PublicCall } from '#chassis/grpc/call.ts'
import { cutPage, type PageTokens, pageSize } from '#chassis/page-token.ts'
import * as db from '../db/list-follows.ts'
import { readersView } from './readers-view.ts'

/** Answers with a page of those who follow a user, or whom a user follows: what both lists have in common. */
export async function followsPage(
  list: 'ListFollowers' | 'ListFollowing',
  request: { userId: string; pageSize: number; pageToken: string },
  { pageTokens, call }: { pageTokens: PageTokens; call: PublicCall },
) {
  const { userId, pageToken } = request
  const scope = [list, userId]
  const cursor = pageTokens.open(scope, pageToken)
  const size = pageSize(request.pageSize)
  const query = list === 'ListFollowers' ? db.listFollowers : db.listFollowing
  const readerId = call.caller?.userId ?? null
  const rows = await call.sql(query, { userId, readerId, ...db.pageAfter(cursor), limit: size + 1 })
  if (rows.length === 0) throw notFound('user')
  const view = await readersView(call)
  const { page, last } = cutPage(rows.filter(db.isSomebody), size)
  return { users: page.map(view), nextPageToken: last ? pageTokens.seal(scope, db.cursorOf(last)) : '' }
}
