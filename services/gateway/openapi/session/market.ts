import type { Step } from './step.ts'

const PRICE = { currencyCode: 'USD', units: '19', nanos: 990_000_000 }
const LISTING = { listing_id: '$listing' }
const TRANSACTION = { transaction_id: '$transaction' }
const LICENSE = { license_id: '$license' }

/** Lena sells a prompt that nobody else may read, and Nora buys it. */
export const MARKET: Step[] = [
  {
    call: 'createPrompt',
    name: 'private',
    as: 'lena',
    body: {
      title: 'Changelog to blog post',
      isPublic: false,
      content: 'Tell users of these changes in a blog post:\n{{changes}}',
    },
    keep: { sold: 'prompt.id' },
  },
  {
    call: 'getVersion',
    name: 'private',
    as: 'lena',
    path: { prompt_id: '$sold', version: 1 },
    until: { place: 'version.version' },
  },
  {
    call: 'createListing',
    as: 'lena',
    body: { promptId: '$sold', title: 'Changelog to blog post', price: PRICE },
    keep: { listing: 'listing.listingId' },
  },
  { call: 'getListing', path: LISTING },
  { call: 'listListings', query: { order_by: 'PRICE', max_price: 2500 } },
  { call: 'searchListings', query: { query: 'blog' } },
  { call: 'updateListing', as: 'lena', path: LISTING, body: { description: 'For products with many small releases.' } },
  {
    call: 'purchaseListing',
    as: 'nora',
    path: LISTING,
    headers: { 'idempotency-key': '2c1b0a9f-8e7d-4c6b-a5f4-e3d2c1b0a9f8' },
    body: { licenseType: 'PERSONAL', paymentMethod: 'pm_card_visa', expectedPrice: PRICE },
    keep: { transaction: 'transaction.transactionId', license: 'license.licenseId', licenseKey: 'licenseKey' },
  },
  {
    call: 'purchaseListing',
    name: 'already-licensed',
    as: 'nora',
    path: LISTING,
    headers: { 'idempotency-key': '3c1b0a9f-8e7d-4c6b-a5f4-e3d2c1b0a9f8' },
    body: { licenseType: 'PERSONAL', paymentMethod: 'pm_card_visa', expectedPrice: PRICE },
    status: 400,
  },
  { call: 'getTransaction', as: 'nora', path: TRANSACTION },
  { call: 'listTransactions', as: 'nora' },
  { call: 'listLicenses', as: 'nora' },
  { call: 'getLicense', as: 'nora', path: LICENSE },
  { call: 'verifyLicense', body: { licenseKey: '$licenseKey' } },
  { call: 'rotateLicenseKey', as: 'nora', path: LICENSE, keep: { rotatedKey: 'licenseKey' } },
  { call: 'getLicenseKeys' },
  { call: 'getRevenue', as: 'lena', query: { period: 'MONTH' } },
  { call: 'getBalance', as: 'lena' },
  { call: 'exportStatement', as: 'lena' },
  {
    call: 'recordPayout',
    name: 'balance-too-low',
    as: 'mira',
    path: { user_id: '$lenaId' },
    body: { amount: PRICE, reference: 'transfer 2026-11' },
    status: 400,
  },
  { call: 'refundTransaction', as: 'lena', path: TRANSACTION, body: { reason: 'Bought by mistake.' } },
  { call: 'revokeLicense', as: 'lena', path: LICENSE, body: { reason: 'The purchase was refunded.' } },
  { call: 'removeListing', as: 'lena', path: LISTING },
  {
    call: 'receivePaymentNotice',
    name: 'wrong-signature',
    headers: { 'stripe-signature': 't=1790000000,v1=00' },
    body: { id: 'evt_1', type: 'payment_intent.succeeded' },
    status: 401,
  },
]
