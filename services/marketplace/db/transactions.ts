import { integer, type SqlNames, text, timestamptz, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import type { DisputeState, RefundState } from '../ledger.ts'
import { PROVIDER } from '../payments/payment.ts'

/** A transaction. Amounts are as DECIMAL(10,2) says them. */
export type TransactionRow = {
  id: string
  listing_id: string
  prompt_id: string
  buyer_id: string
  seller_id: string
  license_type: 'PERSONAL' | 'COMMERCIAL'
  amount: string
  fee: string
  currency: string
  status: 'PENDING' | 'COMPLETED' | 'FAILED'
  failure_reason: string | null
  license_id: string | null
  created_at: Date
  completed_at: Date | null
  released_at: Date | null
  refund_state: RefundState | null
  refund_reason: string | null
  refunded_at: Date | null
  dispute_state: DisputeState | null
}

/** Columns of TransactionRow, of `transactions t left join licenses i on i.transaction_id = t.id`. */
export const TRANSACTION = `t.id, t.listing_id, t.prompt_id, t.buyer_id, t.seller_id, t.license_type, t.amount, t.fee, t.currency, t.status,
  t.failure_reason, i.id as license_id, t.created_at, t.completed_at, t.released_at, t.refund_state, t.refund_reason, t.refunded_at, t.dispute_state`

/** A transaction, whoever may see it. */
export const getTransaction = statement('get_transaction', { id: uuid })<TransactionRow>(
  (p) =>
    `select ${TRANSACTION} from transactions t left join licenses i on i.transaction_id = t.id where t.id = ${p.id}`,
)

const listParams = { userId: uuid, beforeTime: timestamptz, beforeId: uuid, limit: integer }

const listOf = (party: 'buyer_id' | 'seller_id') => (p: SqlNames<typeof listParams>) =>
  `select ${TRANSACTION} from transactions t left join licenses i on i.transaction_id = t.id
    where t.${party} = ${p.userId} and (t.created_at, t.id) < (${p.beforeTime}, ${p.beforeId})
    order by t.created_at desc, t.id desc limit ${p.limit}`

/** Somebody's purchases, the newest first. */
export const listPurchases = statement('list_purchases', listParams)<TransactionRow>(listOf('buyer_id'))

/** Somebody's sales, the newest first. */
export const listSales = statement('list_sales', listParams)<TransactionRow>(listOf('seller_id'))

/** What of a purchase tells whether another one is the same. `amount` is as DECIMAL(10,2) says it. */
export type EarlierRow = Pick<TransactionRow, 'id' | 'listing_id' | 'license_type' | 'amount' | 'currency'> & {
  request_id: string
  payment_method: string | null
}

/** What a buyer has bought by the same request, and the purchase of the same licence that is being paid. */
export const findEarlier = statement('find_earlier', {
  buyerId: uuid,
  promptId: uuid,
  licenseType: text,
  requestId: uuid,
})<EarlierRow>(
  (p) => `select id, listing_id, license_type, amount, currency, request_id, payment_method from transactions
    where buyer_id = ${p.buyerId} and request_id = ${p.requestId}
    or buyer_id = ${p.buyerId} and prompt_id = ${p.promptId} and license_type = ${p.licenseType} and status = 'PENDING'`,
)

/** The transaction of a payment, by the provider's id of it. */
export const findByReference = statement('find_by_reference', { reference: text })<{ id: string }>(
  (p) => `select id from transactions where provider = '${PROVIDER}' and provider_ref = ${p.reference}`,
)
