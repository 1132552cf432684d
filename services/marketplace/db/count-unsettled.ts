import { statement } from '#chassis/db/statements.ts'

/** How many transactions the payment provider has to decide about. `oldest_seconds` is the age of the oldest purchase, 0 without one. */
export type UnsettledRow = { purchases: number; oldest_seconds: number; refunds: number }

/** Counts them. They are few, and have an index of their own. */
export const countUnsettled = statement(
  'count_unsettled',
  {},
)<UnsettledRow>(
  () => `select count(*) filter (where status = 'PENDING')::integer as purchases,
      coalesce(extract(epoch from now() - min(created_at) filter (where status = 'PENDING')), 0)::float8 as oldest_seconds,
      count(*) filter (where refund_state = 'REQUESTED')::integer as refunds
    from transactions where status = 'PENDING' or refund_state = 'REQUESTED'`,
)
