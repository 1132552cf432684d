import { uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import type { ListingSample } from '#contracts/gen/promptforge/marketplace/v1/listing.ts'

/** A listing in a list. Prices are as DECIMAL(10,2) says them. */
export type ListingSummaryRow = {
  id: string
  prompt_id: string
  prompt_version: number
  seller_id: string
  title: string
  category: string | null
  price: string
  commercial_price: string | null
  currency: string
  exclusive: boolean
  includes_updates: boolean
  status: 'ACTIVE' | 'SOLD' | 'REMOVED'
  sales_count: number
  created_at: Date
}

/** A listing with all that a message shows. */
export type ListingRow = ListingSummaryRow & {
  description: string | null
  min_version: number
  duration_days: number | null
  samples: ListingSample[]
  updated_at: Date | null
  revision: number
}

/** Columns of ListingSummaryRow, of `prompt_listings l`. */
export const LISTING_SUMMARY = `l.id, l.prompt_id, l.prompt_version, l.seller_id, l.title, l.category, l.price, l.commercial_price, l.currency,
  l.exclusive, l.includes_updates, l.status, l.sales_count, l.created_at`

const LISTING = `${LISTING_SUMMARY}, l.description, l.min_version, l.duration_days, l.samples, l.updated_at, l.revision`

/** A listing, whoever may see it. */
export const getListing = statement('get_listing', { id: uuid })<ListingRow>(
  (p) => `select ${LISTING} from prompt_listings l where l.id = ${p.id}`,
)

/** Whether somebody bought a licence of a listing. */
export const hasBought = statement('has_bought', { listingId: uuid, buyerId: uuid })<object>(
  (p) => `select from transactions
    where listing_id = ${p.listingId} and buyer_id = ${p.buyerId} and status = 'COMPLETED' limit 1`,
)

/** The active listing of a prompt. */
export const activeListing = statement('active_listing', { promptId: uuid })<{ id: string }>(
  (p) => `select id from prompt_listings where prompt_id = ${p.promptId} and status = 'ACTIVE'`,
)
