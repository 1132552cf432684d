import { deleteAll, deletion } from '../db/deletion.ts'
import { type ParamType, type SqlNames, text, uuid } from '../db/params.ts'
import { type Sql, statement } from '../db/statements.ts'
import type { Job } from '../jobs.ts'

const inboxTable = (eventId: string) => `
  create table inbox (
    consumer varchar(100) not null,
    event_id ${eventId} not null,
    processed_at timestamptz(3) not null default now(),
    primary key (consumer, event_id)
  );
  create index inbox_processed_at on inbox (processed_at);`

/** The table's DDL, for a service that consumes with `inboxCte`. Rows are kept longer than any stream keeps a message. */
export const INBOX_TABLE = inboxTable('uuid')

/** The same for a service that is told of events by others, which name them as they like: at most 255 characters. */
export const TEXT_INBOX_TABLE = inboxTable('varchar(255)')

/** The parameters of `inboxCte`: the consumer's name, and the id of the event. */
export const inboxParams = { consumer: text, eventId: uuid }

/**
 * A CTE that claims an event in the statement that does what it asks for. Let the effect select from `fresh`: it has one row when
 * the event is new, and none when it came before.
 */
export const inboxCte = (p: SqlNames<typeof inboxParams>) => `
  fresh as (
    insert into inbox (consumer, event_id) values (${p.consumer}, ${p.eventId})
    on conflict do nothing
    returning 1
  )`

/** What the ids of events are: UUIDs, or what others call them, in a table of TEXT_INBOX_TABLE. */
type IdForm = keyof typeof HANDLED

/** Whether an event has been handled. For a handler of several statements: it asks first, and ends with `markHandled`. */
export const wasHandled = async (
  sql: Sql,
  consumer: string,
  eventId: string,
  form: IdForm = 'uuid',
): Promise<boolean> => (await sql(HANDLED[form].find, { consumer, eventId })).length > 0

/** Notes that an event has been handled. */
export const markHandled = (sql: Sql, consumer: string, eventId: string, form: IdForm = 'uuid'): Promise<unknown> =>
  sql(HANDLED[form].claim, { consumer, eventId })

const handledIn = (eventId: ParamType<string>) => ({
  find: statement(`find_inbox_${eventId.type}`, { consumer: text, eventId })(
    (p) => `select from inbox where consumer = ${p.consumer} and event_id = ${p.eventId}`,
  ),
  claim: statement(`claim_inbox_${eventId.type}`, { consumer: text, eventId })(
    (p) => `with ${inboxCte(p)} select from fresh`,
  ),
})

const HANDLED = { uuid: handledIn(uuid), text: handledIn(text) }

/** Days that a row of the inbox is kept: longer than any stream that is consumed keeps a message. */
export const INBOX_DAYS = 100

/** Deletes rows of the inbox that are older than that. */
export const deleteHandled = (sql: Sql): Job => ({
  name: 'delete old events of the inbox',
  on: 'one replica',
  everyMs: 3_600_000,
  run: (signal) => deleteAll(sql, deleteOldInbox, signal),
})

/** The statement of `deleteHandled`. */
export const deleteOldInbox = deletion(
  'delete_old_inbox',
  'inbox',
  `processed_at < now() - interval '${INBOX_DAYS} days'`,
)
