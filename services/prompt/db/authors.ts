import { integer, text, uuid } from '#chassis/db/params.ts'
import { type Sql, statement } from '#chassis/db/statements.ts'
import { inboxCte, inboxParams } from '#chassis/events/inbox.ts'
import type { Job } from '#chassis/jobs.ts'

/** SQL of a user's current name: the one that `authors` knows, else the token's, for a token keeps the old one for a while. */
export const currentName = (userId: string, username: string) =>
  `coalesce((select username from authors where user_id = ${userId}), ${username})`

/**
 * Gives a user another name wherever it is shown, in one statement with the inbox row. An event that came before, or a revision
 * that is not higher than the one that `authors` has, changes nothing. Two renamings at once come one after the other, by the
 * lock of the row in `authors`; the rows of the user are changed whatever name they have, for this statement may see an older one.
 */
export const renameAuthor = statement('rename_author', {
  ...inboxParams,
  userId: uuid,
  username: text,
  revision: integer,
})(
  (p) => `with ${inboxCte(p)},
  known as (
    insert into authors (user_id, username, revision) select ${p.userId}, ${p.username}, ${p.revision} from fresh
    on conflict (user_id) do update set username = excluded.username, revision = excluded.revision
    where excluded.revision > authors.revision
    returning user_id, username
  ),
  renamed_ratings as (
    update prompt_ratings r set username = k.username from known k where r.user_id = k.user_id
  ),
  renamed_comments as (
    update prompt_comments c set username = k.username from known k where c.user_id = k.user_id
  )
  update prompts p set username = k.username from known k where p.user_id = k.user_id`,
)

/** Milliseconds between two looks for prompts with a former name. */
const REPAIR_MS = 5000

/**
 * Gives new prompts their author's present name: one that was made in the moment in which its author was renamed had read the name
 * before, and was not there yet for `renameAuthor`.
 */
export const repairNames = (sql: Sql): Job => ({
  name: 'repair names of authors',
  on: 'one replica',
  everyMs: REPAIR_MS,
  run: () => sql(renameNewPrompts, {}),
})

const renameNewPrompts = statement(
  'rename_new_prompts',
  {},
)(
  () => `update prompts p set username = a.username from authors a
  where a.user_id = p.user_id and p.username <> a.username and p.created_at > now() - interval '10 minutes'`,
)
