import { invalid } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { SetBudgetRequest } from '#contracts/gen/promptforge/test/v1/test_service.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/budgets.ts'
import { toBudget } from './view.ts'

export const setBudget =
  ({ admission }: Pick<Deps, 'admission'>) =>
  async ({ dailyLimitMicros: dailyLimit }: SetBudgetRequest, { sql, caller }: Call) => {
    const most = admission.budget.mostMicros
    if (dailyLimit > most)
      throw invalid([
        { field: 'daily_limit_micros', description: `must be at most ${most}, which is what the operator allows` },
      ])
    const [row] = await sql(db.setBudget, { userId: caller.userId, dailyLimit })
    return { budget: toBudget(row!) }
  }
