import type { Call } from '#chassis/grpc/call.ts'
import type { GetTransactionRequest } from '#contracts/gen/promptforge/marketplace/v1/purchase_service.ts'
import { findTransaction } from './find-transaction.ts'
import { toTransaction } from './view.ts'

export const getTransaction = async ({ transactionId }: GetTransactionRequest, call: Call) => {
  const { row } = await findTransaction(transactionId, call)
  return { transaction: toTransaction(row, call.caller.userId) }
}
