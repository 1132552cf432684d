import {
  type Listing,
  listing_StatusFromJSON,
  type ListingSummary,
} from '#contracts/gen/promptforge/marketplace/v1/listing.ts'
import { type License, license_TypeFromJSON } from '#contracts/gen/promptforge/marketplace/v1/license.ts'
import {
  type Transaction,
  Transaction_DisputeState,
  transaction_DisputeStateFromJSON,
  Transaction_RefundState,
  transaction_StatusFromJSON,
} from '#contracts/gen/promptforge/marketplace/v1/transaction.ts'
import type { Balance, GetRevenueResponse_Revenue } from '#contracts/gen/promptforge/marketplace/v1/seller_service.ts'
import type { LicenseRow } from '../db/licenses.ts'
import type { ListingRow, ListingSummaryRow } from '../db/listings.ts'
import type { BalanceRow, RevenueRow } from '../db/seller-money.ts'
import type { TransactionRow } from '../db/transactions.ts'
import { toMoney } from './money.ts'

/** A listing in a list. */
export const toListingSummary = (row: ListingSummaryRow): ListingSummary => ({
  listingId: row.id,
  promptId: row.prompt_id,
  promptVersion: row.prompt_version,
  sellerId: row.seller_id,
  title: row.title,
  category: row.category ?? '',
  price: toMoney(row.price, row.currency),
  commercialPrice: row.commercial_price === null ? undefined : toMoney(row.commercial_price, row.currency),
  exclusive: row.exclusive,
  includesUpdates: row.includes_updates,
  status: listing_StatusFromJSON(row.status),
  salesCount: row.sales_count,
  createdAt: row.created_at,
})

/** A listing. */
export const toListing = (row: ListingRow): Listing => ({
  ...toListingSummary(row),
  description: row.description ?? '',
  minVersion: row.min_version,
  durationDays: row.duration_days ?? undefined,
  samples: row.samples,
  updatedAt: row.updated_at ?? undefined,
  etag: String(row.revision),
})

const REFUND_STATES = {
  REQUESTED: Transaction_RefundState.REQUESTED,
  DONE: Transaction_RefundState.DONE,
  FAILED: Transaction_RefundState.REFUND_FAILED,
}

/** A transaction, as somebody sees it: the buyer is not told the fee. */
export const toTransaction = (row: TransactionRow, viewerId: string): Transaction => ({
  transactionId: row.id,
  listingId: row.listing_id,
  promptId: row.prompt_id,
  buyerId: row.buyer_id,
  sellerId: row.seller_id,
  licenseType: license_TypeFromJSON(row.license_type),
  amount: toMoney(row.amount, row.currency),
  fee: row.buyer_id === viewerId ? undefined : toMoney(row.fee, row.currency),
  status: transaction_StatusFromJSON(row.status),
  failureReason: row.failure_reason ?? '',
  licenseId: row.license_id ?? '',
  createdAt: row.created_at,
  completedAt: row.completed_at ?? undefined,
  releasedAt: row.released_at ?? undefined,
  refundState: row.refund_state ? REFUND_STATES[row.refund_state] : Transaction_RefundState.UNSPECIFIED,
  refundedAt: row.refunded_at ?? undefined,
  refundReason: row.refund_reason ?? '',
  disputeState: row.dispute_state
    ? transaction_DisputeStateFromJSON(row.dispute_state)
    : Transaction_DisputeState.UNSPECIFIED,
})

/** A licence, without its key. */
export const toLicense = (row: LicenseRow): License => ({
  licenseId: row.id,
  transactionId: row.transaction_id,
  promptId: row.prompt_id,
  buyerId: row.buyer_id,
  sellerId: row.seller_id,
  licenseType: license_TypeFromJSON(row.license_type),
  minVersion: row.min_version,
  maxVersion: row.max_version ?? undefined,
  isActive: row.is_active,
  createdAt: row.created_at,
  expiresAt: row.expires_at ?? undefined,
  revokedAt: row.revoked_at ?? undefined,
  revokeReason: row.revoke_reason ?? '',
  keyHint: row.key_hint,
  revision: BigInt(row.revision),
})

/** What a seller has in one currency: a row, or an entity. */
export const toBalance = ({
  currency,
  pending,
  available,
}: BalanceRow | { currency: string; pending: bigint; available: bigint }): Balance => ({
  pending: toMoney(BigInt(pending), currency),
  available: toMoney(BigInt(available), currency),
})

/** What the sales of a period came to. */
export function toRevenue(row: RevenueRow, currency: string): GetRevenueResponse_Revenue {
  const [gross, fee, refunds] = [BigInt(row.gross), BigInt(row.fee), BigInt(row.refunds)]
  return {
    start: row.start,
    salesCount: row.sales_count,
    gross: toMoney(gross, currency),
    fee: toMoney(fee, currency),
    refunds: toMoney(refunds, currency),
    net: toMoney(gross - fee - refunds, currency),
  }
}
