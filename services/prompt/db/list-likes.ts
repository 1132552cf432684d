import { statement } from '#chassis/db/statements.ts'
import { type PageRow, pageOf, pageParams } from './social-page.ts'

/** A like as a message shows it. */
export type LikeRow = { userId: string; createdAt: Date }

/** True of every like. The index of lists has this condition, so that no other statement reads from it. */
const IS_FOR_LISTS = `c.created_at > '-infinity'`

/** A page of a prompt's likes: see `pageOf`. */
export const listLikes = statement(
  'list_likes',
  pageParams,
)<PageRow<LikeRow>>((p) =>
  pageOf(p, {
    table: 'prompt_likes',
    columns: 'c.user_id as "userId"',
    where: `c.prompt_id = p.id and ${IS_FOR_LISTS}`,
  }),
)
