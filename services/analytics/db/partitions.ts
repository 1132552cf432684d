import type { Database } from '#chassis/db/orm.ts'
import { text } from '#chassis/db/params.ts'
import { type Sql, statement } from '#chassis/db/statements.ts'
import type { Month } from '../months.ts'

/** How many rows lie in the default partitions, for want of one for their month; counting ends at 100,000. */
export const countDefaultRows = statement(
  'count_default_rows',
  {},
)<{ users: number; prompts: number; audits: number }>(
  () => `select
    (select count(*)::integer from (select from user_activity_events_default limit 100000) u) as users,
    (select count(*)::integer from (select from prompt_activity_events_default limit 100000) p) as prompts,
    (select count(*)::integer from (select from audit_entries_default limit 100000) a) as audits`,
)

/**
 * Makes the partitions of these months where they are absent, and moves into them the rows that have been waiting for them. A month
 * at a time; one that fails does not keep the others from being made. Answers with how many were made.
 */
export const makePartitions = ({ maintain }: Pick<Database, 'maintain'>, months: Month[]): Promise<number> =>
  maintain(async (sql) => {
    const failures: unknown[] = []
    let total = 0
    for (const month of months) {
      try {
        const [row] = await sql(make, { month })
        total += row!.made
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'partitions could not be made')
    return total
  })

const make = statement('make_event_partitions', { month: text })<{ made: number }>(
  (p) => `select make_event_partitions(${p.month}::date) as made`,
)

const detach = statement('detach_event_partitions', { month: text })<{ name: string }>(
  (p) => `select name from detach_event_partitions(${p.month}::date) name`,
)

/** Takes a month out of the tables of events, and answers with the names of the tables that it is now. */
export const detachPartitions = async (sql: Sql, month: Month): Promise<string[]> =>
  (await sql(detach, { month })).map(({ name }) => name)

const dropOld = statement(
  'drop_old_audit_entries',
  {},
)<{ name: string }>(() => 'select name from drop_old_audit_entries() name')

/** Drops the months of the audit log that ended 400 days ago, and answers with the names of their tables. */
export const dropOldAuditEntries = ({ maintain }: Pick<Database, 'maintain'>): Promise<string[]> =>
  maintain(async (sql) => (await sql(dropOld, {})).map(({ name }) => name))
