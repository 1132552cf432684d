import type { Pool } from 'pg'
import { cursorOf } from '#chassis/search/ranked-search.ts'
import { requiredTerms } from '#chassis/search/terms.ts'
import { LicenseServiceService } from '#contracts/gen/promptforge/marketplace/v1/license_service.ts'
import { ListingServiceService } from '#contracts/gen/promptforge/marketplace/v1/listing_service.ts'
import { verifyLicense } from '../../../services/marketplace/db/licenses.ts'
import { getListing } from '../../../services/marketplace/db/listings.ts'
import { type OfferFilter, searchQuery } from '../../../services/marketplace/db/search-listings.ts'
import { hashOfLicenseKey, readLicenseKey } from '../../../services/marketplace/license-key.ts'
import { toVerified } from '../../../services/marketplace/rpc/verify-license.ts'
import { toListing, toListingSummary } from '../../../services/marketplace/rpc/view.ts'
import { purchaseRpc } from './purchase.ts'
import { bareRpc, type BareRpc, query } from './serve.ts'

const PAGE = 20

const ANY: OfferFilter = { category: undefined, currency: undefined, minPrice: undefined, maxPrice: undefined }

/** The marketplace's measured RPCs with nothing but their statements, and what a purchase asks of the payment provider. */
export const marketplaceRpcs = (pool: Pool, env: Record<string, string>): BareRpc[] => [
  bareRpc(ListingServiceService.getListing, async ({ listingId }) => {
    const [row] = await query(pool, getListing, { id: listingId })
    if (!row) throw new Error('no such listing')
    return { listing: toListing(row) }
  }),
  bareRpc(ListingServiceService.searchListings, async ({ query: searched }) => {
    const { query: statement, params } = searchQuery(requiredTerms(searched), ANY, undefined, PAGE + 1)
    const rows = (await query(pool, statement, params)).filter((row) => row.id !== null)
    const last = rows[PAGE] && rows[PAGE - 1]!
    const nextPageToken = last ? Buffer.from(JSON.stringify(cursorOf(last))).toString('base64url') : ''
    return { listings: rows.slice(0, PAGE).map(toListingSummary), nextPageToken }
  }),
  bareRpc(LicenseServiceService.verifyLicense, async ({ licenseKey }) => {
    const [row] = await query(pool, verifyLicense, { keyHash: hashOfLicenseKey(readLicenseKey(licenseKey)!) })
    if (!row) throw new Error('no such licence')
    return toVerified(row)
  }),
  purchaseRpc(pool, env),
]
