import { DELETED_USER } from '#contracts/events.ts'
import { uuid } from '../db/params.ts'
import { type Sql, statement } from '../db/statements.ts'
import { FIRST_ID } from '../ids.ts'

/** Rows that one statement looks at: each may have the content of a prompt. */
const PAGE_ROWS = 200

/** Replaces a user's name in all events of an outbox, published or not, and removes the e-mail address; answers with how many it changed. */
export async function eraseFromOutbox(sql: Sql, userId: string): Promise<number> {
  let changed = 0
  for (let after: string | null = FIRST_ID; ;) {
    const [page]: ErasedPage[] = await sql(erasePage, { userId, after })
    if (page!.last === null) return changed
    changed += page!.changed
    after = page!.last
  }
}

type ErasedPage = { last: string | null; changed: number }

const NAME = `'"${DELETED_USER}"'::jsonb`

/** The statement of it: an event names its `actor`, or is about a user, and then the name is a member of its own. */
export const erasePage = statement('erase_from_outbox', { userId: uuid, after: uuid })<ErasedPage>(
  (p) => `with page as materialized (
    select id, payload #>> '{actor,userId}' as actor, payload #>> '{metadata,aggregateId}' as about
    from outbox where id > ${p.after} order by id limit ${PAGE_ROWS}
  ),
  acted as (
    update outbox o set payload = jsonb_set(o.payload::jsonb, '{actor,username}', ${NAME}, false)::json
    from page where o.id = page.id and page.actor = ${p.userId}::text and o.payload #>> '{actor,username}' <> '${DELETED_USER}'
    returning 1
  ),
  told as (
    update outbox o
    set payload = jsonb_set(o.payload::jsonb - 'email' - 'previousUsername', '{username}', ${NAME}, false)::json
    from page where o.id = page.id and page.about = ${p.userId}::text and o.payload ->> 'username' <> '${DELETED_USER}'
    returning 1
  )
  select (select id from page order by id desc limit 1) as last,
    ((select count(*) from acted) + (select count(*) from told))::integer as changed`,
)
