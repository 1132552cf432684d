import { bytea, integer, nullable, text, timestamptz, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { LISTING_SUMMARY, type ListingRow } from '../../../services/marketplace/db/listings.ts'

// What the marketplace's unit of work itself makes, and locks, for a purchase that succeeds; the other statements are the marketplace's.

const byId = { id: uuid }

/** Locks a listing. */
export const lockListing = statement(
  'lock_listing',
  byId,
)<ListingRow & { reserved_tx: string | null }>(
  (
    p,
  ) => `select ${LISTING_SUMMARY}, l.description, l.min_version, l.duration_days, l.samples, l.updated_at, l.revision, l.reserved_tx
    from prompt_listings l where l.id = ${p.id} for update`,
)

const ofBuyer = { buyerId: uuid, promptId: uuid, licenseType: text }

/** The licence that the buyer has, locked. */
export const lockLicense = statement(
  'lock_license',
  ofBuyer,
)<object>(
  (p) => `select * from licenses where buyer_id = ${p.buyerId} and prompt_id = ${p.promptId}
    and license_type = ${p.licenseType} and is_active limit 1 for update`,
)

/** Stores a PENDING transaction. `amount` and `fee` are DECIMAL(10,2) as text. */
export const insertTransaction = statement('insert_transaction', {
  id: uuid,
  listingId: uuid,
  ...ofBuyer,
  sellerId: uuid,
  amount: text,
  fee: text,
  feeBps: integer,
  currency: text,
  minVersion: integer,
  maxVersion: nullable(integer),
  paymentMethod: text,
  requestId: uuid,
  createdAt: timestamptz,
  nextCheckAt: timestamptz,
})<object>(
  (
    p,
  ) => `insert into transactions (id, listing_id, buyer_id, prompt_id, license_type, seller_id, amount, fee, fee_bps, currency,
      min_version, max_version, payment_method, request_id, provider, status, created_at, next_check_at)
    values (${p.id}, ${p.listingId}, ${p.buyerId}, ${p.promptId}, ${p.licenseType}, ${p.sellerId}, ${p.amount}::numeric,
      ${p.fee}::numeric, ${p.feeBps}, ${p.currency}, ${p.minVersion}, ${p.maxVersion}, ${p.paymentMethod}, ${p.requestId},
      'stripe', 'PENDING', ${p.createdAt}, ${p.nextCheckAt})`,
)

/** Locks a transaction. */
export const lockTransaction = statement(
  'lock_transaction',
  byId,
)<{ status: string }>((p) => `select * from transactions where id = ${p.id} for update`)

/** Completes it. */
export const completeTransaction = statement('complete_transaction', { id: uuid, now: timestamptz })<object>(
  (
    p,
  ) => `update transactions set status = 'COMPLETED', completed_at = ${p.now}, next_check_at = null, revision = revision + 1
    where id = ${p.id}`,
)

/** Counts a sale. */
export const countSale = statement(
  'count_sale',
  byId,
)<object>((p) => `update prompt_listings set sales_count = sales_count + 1 where id = ${p.id}`)

/** Stores a licence. */
export const insertLicense = statement('insert_license', {
  id: uuid,
  transactionId: uuid,
  ...ofBuyer,
  sellerId: uuid,
  minVersion: integer,
  maxVersion: nullable(integer),
  keyHash: bytea,
  keyHint: text,
  secretId: text,
  sealed: bytea,
  now: timestamptz,
})<object>(
  (
    p,
  ) => `insert into licenses (id, transaction_id, buyer_id, prompt_id, license_type, seller_id, min_version, max_version,
      license_key_hash, key_hint, secret_id, license_key_enc, created_at)
    values (${p.id}, ${p.transactionId}, ${p.buyerId}, ${p.promptId}, ${p.licenseType}, ${p.sellerId}, ${p.minVersion},
      ${p.maxVersion}, ${p.keyHash}, ${p.keyHint}, ${p.secretId}, ${p.sealed}, ${p.now})`,
)
