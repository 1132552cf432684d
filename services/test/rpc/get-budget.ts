import type { Call } from '#chassis/grpc/call.ts'
import type { GetBudgetRequest } from '#contracts/gen/promptforge/test/v1/test_service.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/budgets.ts'
import { toBudget } from './view.ts'

export const getBudget =
  ({ admission }: Pick<Deps, 'admission'>) =>
  async (_: GetBudgetRequest, { sql, caller }: Call) => {
    const [row] = await sql(db.getBudget, { userId: caller.userId, defaultLimit: admission.budget.defaultMicros })
    return { budget: toBudget(row!) }
  }
