import { notFound } from '#chassis/errors.ts'
import { isAdmin } from '#chassis/grpc/access.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { getTransaction, type TransactionRow } from '../db/transactions.ts'
import { refundRole, type RefundBy } from '../transaction.ts'

/** A transaction, and as whom the caller sees it. Throws NOT_FOUND for everybody but its buyer, its seller and administrators. */
export async function findTransaction(
  id: string,
  call: Pick<Call, 'caller' | 'currentAccount' | 'sql'>,
): Promise<{ row: TransactionRow; role: RefundBy['as'] }> {
  const [row] = await call.sql(getTransaction, { id })
  if (!row) throw notFound('transaction')
  const { userId } = call.caller
  const parties = { buyerId: row.buyer_id, sellerId: row.seller_id }
  const role =
    refundRole(parties, { userId, isAdmin: false }) ?? refundRole(parties, { userId, isAdmin: await isAdmin(call) })
  if (!role) throw notFound('transaction')
  return { row, role }
}
