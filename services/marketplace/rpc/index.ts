import { serve } from '#chassis/grpc/server.ts'
import { ListingServiceService } from '#contracts/gen/promptforge/marketplace/v1/listing_service.ts'
import { PurchaseServiceService } from '#contracts/gen/promptforge/marketplace/v1/purchase_service.ts'
import { LicenseServiceService } from '#contracts/gen/promptforge/marketplace/v1/license_service.ts'
import { SellerServiceService } from '#contracts/gen/promptforge/marketplace/v1/seller_service.ts'
import { PaymentWebhookServiceService } from '#contracts/gen/promptforge/marketplace/v1/payment_webhook_service.ts'
import type { Deps } from '../context.ts'
import { createListing } from './create-listing.ts'
import { exportStatement } from './export-statement.ts'
import { getBalance } from './get-balance.ts'
import { getListing } from './get-listing.ts'
import { getRevenue } from './get-revenue.ts'
import { purchaseListing } from './purchase-listing.ts'
import { receivePaymentNotice } from './receive-payment-notice.ts'
import { recordPayout } from './record-payout.ts'

// TODO until the others are written.
const notYet = async (): Promise<never> => {
  throw new Error('not written yet')
}

/** The table: a handler for each RPC. */
export const services = (deps: Deps) => [
  serve(ListingServiceService, {
    createListing: createListing(deps),
    getListing,
    listListings: notYet,
    searchListings: notYet,
    updateListing: notYet,
    removeListing: notYet,
  }),
  serve(PurchaseServiceService, {
    purchaseListing: purchaseListing(deps),
    getTransaction: notYet,
    listTransactions: notYet,
    refundTransaction: notYet,
  }),
  serve(LicenseServiceService, {
    listLicenses: notYet,
    getLicense: notYet,
    verifyLicense: notYet,
    rotateLicenseKey: notYet,
    revokeLicense: notYet,
    getLicenseKeys: notYet,
  }),
  serve(SellerServiceService, {
    getRevenue,
    getBalance,
    exportStatement: exportStatement(),
    recordPayout,
  }),
  serve(PaymentWebhookServiceService, {
    receivePaymentNotice: receivePaymentNotice(deps),
  }),
]
