import type { Pool } from 'pg'
import { LicenseServiceService } from '#contracts/gen/promptforge/marketplace/v1/license_service.ts'
import { ListingServiceService } from '#contracts/gen/promptforge/marketplace/v1/listing_service.ts'
import { verifyLicense } from '../../../services/marketplace/db/licenses.ts'
import { getListing } from '../../../services/marketplace/db/listings.ts'
import { hashOfLicenseKey, readLicenseKey } from '../../../services/marketplace/license-key.ts'
import { toVerified } from '../../../services/marketplace/rpc/verify-license.ts'
import { toListing } from '../../../services/marketplace/rpc/view.ts'
import { purchaseRpc } from './purchase.ts'
import { bareRpc, type BareRpc, query } from './serve.ts'

/** The marketplace's measured RPCs with nothing but their statements, and what a purchase asks of the payment provider. */
export const marketplaceRpcs = (pool: Pool, env: Record<string, string>): BareRpc[] => [
  bareRpc(ListingServiceService.getListing, async ({ listingId }) => {
    const [row] = await query(pool, getListing, { id: listingId })
    if (!row) throw new Error('no such listing')
    return { listing: toListing(row) }
  }),
  bareRpc(LicenseServiceService.verifyLicense, async ({ licenseKey }) => {
    const [row] = await query(pool, verifyLicense, { keyHash: hashOfLicenseKey(readLicenseKey(licenseKey)!) })
    if (!row) throw new Error('no such licence')
    return toVerified(row)
  }),
  purchaseRpc(pool, env),
]
