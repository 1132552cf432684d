import { DELETED_USER } from '#contracts/events.ts'
import { uuid } from '../db/params.ts'
import { type Sql, statement } from '../db/statements.ts'
import { FIRST_ID } from '../ids.ts'

/** Rows that one statement looks at: each may have the content of a prompt. */
const PAGE_ROWS = 200

/** Replaces a user's name in all events of an outbox, published or not, and removes the e-mail address, and from where the user did something. */
export async function eraseFromOutbox(sql: Sql, userId: string): Promise<void> {
  for (let after: string | null = FIRST_ID; after !== null;) {
    const [page]: ErasedPage[] = await sql(erasePage, { userId, after })
    after = page!.last
  }
}

/** The id of its last row; null when there were none. */
type ErasedPage = { last: string | null }

const NAME = `'"${DELETED_USER}"'::jsonb`

/** The statement of it: an event names its `actor`, or is about a user, and then the name is a member of its own. */
const erasePage = statement('erase_from_outbox', { userId: uuid, after: uuid })<ErasedPage>(
  (p) => `with page as materialized (
    select id, payload #>> '{actor,userId}' as actor, payload #>> '{metadata,aggregateId}' as about
    from outbox where id > ${p.after} order by id limit ${PAGE_ROWS}
  ),
  acted as (
    update outbox o set payload = jsonb_set(o.payload::jsonb, '{actor,username}', ${NAME}, false)::json
    from page where o.id = page.id and page.actor = ${p.userId}::text and o.payload #>> '{actor,username}' <> '${DELETED_USER}'
  ),
  audited as (
    update outbox o set payload = (o.payload::jsonb - 'clientAddress' - 'userAgent' - 'reason')::json
    from page where o.id = page.id and o.payload ->> 'actorId' = ${p.userId}::text
  ),
  told as (
    update outbox o
    set payload = jsonb_set(o.payload::jsonb - 'email' - 'previousUsername', '{username}', ${NAME}, false)::json
    from page where o.id = page.id and page.about = ${p.userId}::text and o.payload ->> 'username' <> '${DELETED_USER}'
  )
  select (select id from page order by id desc limit 1) as last`,
)
