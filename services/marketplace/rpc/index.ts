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
import { getTransaction } from './get-transaction.ts'
import { listLicenses } from './list-licenses.ts'
import { listListings } from './list-listings.ts'
import { listTransactions } from './list-transactions.ts'
import { purchaseListing } from './purchase-listing.ts'
import { receivePaymentNotice } from './receive-payment-notice.ts'
import { refundTransaction } from './refund-transaction.ts'
import { removeListing } from './remove-listing.ts'
import { revokeLicense } from './revoke-license.ts'
import { rotateLicenseKey } from './rotate-license-key.ts'
import { searchListings } from './search-listings.ts'
import { updateListing } from './update-listing.ts'
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
    listListings: listListings(deps),
    searchListings: searchListings(deps),
    updateListing: updateListing(deps),
    removeListing,
  }),
  serve(PurchaseServiceService, {
    purchaseListing: purchaseListing(deps),
    getTransaction,
    listTransactions: listTransactions(deps),
    refundTransaction: refundTransaction(deps),
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
