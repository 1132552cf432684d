import { notFound } from '#chassis/errors.ts'
import type { PublicCall } from '#chassis/grpc/call.ts'
import { type PageTokens, readPage } from '#chassis/page-token.ts'
import * as db from '../db/list-follows.ts'
import { readersView } from './readers-view.ts'

/** Answers with a page of those who follow a user, or whom a user follows: what both lists have in common. */
export async function followsPage(
  list: 'ListFollowers' | 'ListFollowing',
  request: { userId: string; pageSize: number; pageToken: string },
  { pageTokens, call }: { pageTokens: PageTokens; call: PublicCall },
) {
  const { userId } = request
  const asked = { ...request, scope: [list, userId] }
  const query = list === 'ListFollowers' ? db.listFollowers : db.listFollowing
  const readerId = call.caller?.userId ?? null
  const { page, nextPageToken } = await readPage(pageTokens, asked, db.cursorOf, async (cursor, limit) => {
    const rows = await call.sql(query, { userId, readerId, ...db.pageAfter(cursor), limit })
    if (rows.length === 0) throw notFound('user')
    return rows.filter(db.isSomebody)
  })
  return { users: page.map(await readersView(call)), nextPageToken }
}
