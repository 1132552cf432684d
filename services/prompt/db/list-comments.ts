import { uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import type { CommentRow } from './comments.ts'
import { type PageRow, pageOf, pageParams } from './social-page.ts'

type ListedRow = PageRow<CommentRow & { repliesCount: number }>

const columns = `c.user_id as "userId", c.username, c.content, c.parent_id as "parentId", c.updated_at as "updatedAt",
      c.deleted_at as "deletedAt",
      (select count(*)::integer from prompt_comments r where r.parent_id = c.id) as "repliesCount"`

/** A page of the comments on a prompt that are no replies: see `pageOf`. */
export const listComments = statement(
  'list_comments',
  pageParams,
)<ListedRow>((p) =>
  pageOf(p, { table: 'prompt_comments', columns, where: 'c.prompt_id = p.id and c.parent_id is null' }),
)

/**
 * A page of the replies to a comment. That they are on the prompt is said in a form that the planner does not take for a second filter as
 * selective as the first.
 */
export const listReplies = statement('list_replies', { ...pageParams, parentId: uuid })<ListedRow>((p) =>
  pageOf(p, {
    table: 'prompt_comments',
    columns,
    where: `c.parent_id = ${p.parentId} and coalesce(c.prompt_id = p.id, false)`,
  }),
)
