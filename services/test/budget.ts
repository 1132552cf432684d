import { type AppError, exhausted } from '#chassis/errors.ts'

/** Tests of one user that have not ended, at most. Those of a suite's run do not count. */
export const MAX_UNFINISHED = 100

/** A user's budget: tests that have not ended, and the limit of a day, if the user has set one. */
type Budget = { unfinished: number; dailyLimitMicros: bigint | null | undefined }

/** What a user's tests of a day have cost, and can still cost. */
type Spend = { reserved: bigint; spent: bigint }

/** What is to be admitted. Amounts are millionths of a US dollar. */
type Wanted = { seats: number; micros: bigint; defaultLimit: bigint }

/** Takes seats and money for tests, all or none. Throws RESOURCE_EXHAUSTED. */
export function reserve(budget: Budget, spend: Spend, { seats, micros, defaultLimit }: Wanted) {
  if (budget.unfinished + seats > MAX_UNFINISHED) throw noSeat()
  const limit = budget.dailyLimitMicros ?? defaultLimit
  if (spend.reserved + spend.spent + micros > limit) throw noMoney()
  budget.unfinished += seats
  spend.reserved += micros
}

/** RESOURCE_EXHAUSTED: the user has too many tests that have not ended. */
export const noSeat = (): AppError =>
  exhausted(
    'TOO_MANY_TESTS',
    `you may have ${MAX_UNFINISHED} tests that have not ended: wait for some to end, or cancel some`,
    1000,
  )

/** RESOURCE_EXHAUSTED: the budget of today does not allow it. */
export const noMoney = (): AppError =>
  exhausted(
    'BUDGET_EXCEEDED',
    'this run could cost more than what is left of your budget of today (UTC): lower max_tokens, raise the budget, or wait until tomorrow',
    untilTomorrow(),
  )

const DAY = 86_400_000

const untilTomorrow = () => DAY - (Date.now() % DAY)
