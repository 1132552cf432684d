import { bigint, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'

/** A user's budget of today. Amounts are text. */
export type BudgetRow = { daily_limit: string; reserved: string; spent: string; resets_at: Date }

const today = "(now() at time zone 'utc')::date"

const budgetOf = (userId: string, limit: string) => `
  select ${limit} as daily_limit, coalesce(s.reserved, 0) as reserved, coalesce(s.spent, 0) as spent,
    ((${today} + 1)::timestamp at time zone 'utc') as resets_at
  from (values (1)) one left join spend s on s.user_id = ${userId} and s.day = ${today}`

/** Reads it; `defaultLimit` is of who has set none. */
export const getBudget = statement('get_budget', { userId: uuid, defaultLimit: bigint })<BudgetRow>((p) =>
  budgetOf(
    p.userId,
    `coalesce((select daily_limit_micros from budgets where user_id = ${p.userId}), ${p.defaultLimit})`,
  ),
)

/** Sets the limit of a day. */
export const setBudget = statement('set_budget', { userId: uuid, dailyLimit: bigint })<BudgetRow>(
  (p) => `with changed as (
    insert into budgets (user_id, daily_limit_micros) values (${p.userId}, ${p.dailyLimit})
    on conflict (user_id) do update set daily_limit_micros = ${p.dailyLimit}
    returning daily_limit_micros
  )
  ${budgetOf(p.userId, '(select daily_limit_micros from changed)')}`,
)
