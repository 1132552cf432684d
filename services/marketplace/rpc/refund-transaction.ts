import type { Call } from '#chassis/grpc/call.ts'
import type { RefundTransactionRequest } from '#contracts/gen/promptforge/marketplace/v1/purchase_service.ts'
import type { Deps } from '../context.ts'
import { getTransaction } from '../db/transactions.ts'
import { claimRefund } from './claim-refund.ts'
import { findTransaction } from './find-transaction.ts'
import { paymentsNotConfigured } from './purchase-listing.ts'
import { untilEnded } from './until-ended.ts'
import { toTransaction } from './view.ts'

export const refundTransaction =
  ({ payments, sales }: Pick<Deps, 'payments' | 'sales'>) =>
  async ({ transactionId: id, reason }: RefundTransactionRequest, call: Call) => {
    if (!payments.isConfigured) throw paymentsNotConfigured()
    const { role } = await findTransaction(id, call)
    const claimed = await claimRefund({ id, reason, role }, call)
    const read = async () => (await call.sql(getTransaction, { id }))[0]!
    const work = claimed && sales.refund(claimed, call.origin)
    await untilEnded(call, work, async () => (await read()).refund_state !== 'REQUESTED')
    return { transaction: toTransaction(await read(), call.caller.userId) }
  }
