import { serve } from '#chassis/grpc/server.ts'
import { answerKeySet } from '#chassis/signing/answer-key-set.ts'
import { ListingServiceService } from '#contracts/gen/promptforge/marketplace/v1/listing_service.ts'
import { PurchaseServiceService } from '#contracts/gen/promptforge/marketplace/v1/purchase_service.ts'
import { LicenseServiceService } from '#contracts/gen/promptforge/marketplace/v1/license_service.ts'
import { SellerServiceService } from '#contracts/gen/promptforge/marketplace/v1/seller_service.ts'
import { PaymentWebhookServiceService } from '#contracts/gen/promptforge/marketplace/v1/payment_webhook_service.ts'
import type { Deps } from '../context.ts'
import { createLicenseMisses } from '../license-misses.ts'
import { createListing } from './create-listing.ts'
import { getLicense } from './get-license.ts'
import { getListing } from './get-listing.ts'
import { listLicenses } from './list-licenses.ts'
import { purchaseListing } from './purchase-listing.ts'
import { receivePaymentNotice } from './receive-payment-notice.ts'
import { revokeLicense } from './revoke-license.ts'
import { rotateLicenseKey } from './rotate-license-key.ts'
import { verifyLicense } from './verify-license.ts'

// TODO until the others are written.
const notYet = async (): Promise<never> => {
  throw new Error('not written yet')
}
const notYetStream = async function* (): AsyncGenerator<never> {
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
    listLicenses: listLicenses(deps),
    getLicense: getLicense(deps),
    verifyLicense: verifyLicense(createLicenseMisses()),
    rotateLicenseKey: rotateLicenseKey(deps),
    revokeLicense: revokeLicense(deps),
    getLicenseKeys: answerKeySet(deps.keys.documents),
  }),
  serve(SellerServiceService, {
    getRevenue: notYet,
    getBalance: notYet,
    exportStatement: notYetStream,
    recordPayout: notYet,
  }),
  serve(PaymentWebhookServiceService, {
    receivePaymentNotice: receivePaymentNotice(deps),
  }),
]
