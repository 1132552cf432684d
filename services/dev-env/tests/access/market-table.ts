import { License_Type } from '#contracts/gen/promptforge/marketplace/v1/license.ts'
import {
  ListLicensesRequest_Role as LicenseRole,
  type LicenseServiceService,
} from '#contracts/gen/promptforge/marketplace/v1/license_service.ts'
import {
  CreateListingRequest,
  ListListingsRequest,
  type ListingServiceService,
  SearchListingsRequest,
} from '#contracts/gen/promptforge/marketplace/v1/listing_service.ts'
import type { PaymentWebhookServiceService } from '#contracts/gen/promptforge/marketplace/v1/payment_webhook_service.ts'
import {
  ListTransactionsRequest_Role as Role,
  type PurchaseServiceService,
} from '#contracts/gen/promptforge/marketplace/v1/purchase_service.ts'
import {
  GetRevenueRequest_Period as Period,
  type SellerServiceService,
} from '#contracts/gen/promptforge/marketplace/v1/seller_service.ts'
import { signatureOf } from '../../payments/webhooks.ts'
import { LISTING_WORD } from './market-scene.ts'
import { type Cell, FIRST, type PromptState, type TableOf } from './row.ts'

const MARKET = ['MARKET'] as const

const price = { currencyCode: 'USD', units: 19n, nanos: 990_000_000 }
const listing = ({ scene: { market }, state }: Cell) =>
  state === 'removed' ? market.listings.removed : market.listings.active
const isListed = ({ listings }: { listings: { listingId: string }[] }, cell: Cell) =>
  listings.some(({ listingId }) => listingId === listing(cell))
const isSeller = ({ caller }: Cell) => caller === 'owner' || caller === 'key'

export const LISTINGS: TableOf<typeof ListingServiceService> = {
  createListing: {
    scopes: MARKET,
    request: async ({ scene, prompt, state, isAnswered }) =>
      CreateListingRequest.fromPartial({
        promptId: isAnswered ? await scene.make.prompt(state as PromptState) : prompt.id,
        title: 'For sale',
        price,
      }),
    answers: {
      public: 't-P---P',
      private: 't-+---+',
      draft: 't-+---+',
      archived: 't-P---P',
      deleted: 't------',
    },
    refusals: { P: ['FAILED_PRECONDITION', 'PROMPT_IS_PUBLIC'] },
  },
  getListing: {
    scopes: MARKET,
    request: (cell) => ({ listingId: listing(cell) }),
    // A removed one is seen by its seller, those who bought, and moderators.
    answers: { active: '+++++++', removed: '--+++++' },
  },
  listListings: {
    scopes: MARKET,
    request: ({ scene }) => ListListingsRequest.fromPartial({ ...FIRST, sellerId: scene.people.owner.id }),
    shows: isListed,
    answers: { active: '+++++++', removed: 'oo+ooo+' },
  },
  searchListings: {
    request: ({ state }) =>
      SearchListingsRequest.fromPartial({ ...FIRST, query: LISTING_WORD[state as keyof typeof LISTING_WORD] }),
    shows: isListed,
    answers: { active: '+++++++', removed: 'ooooooo' },
  },
  updateListing: {
    scopes: MARKET,
    request: (cell) => ({ listingId: listing(cell), description: 'Rarely used', withoutCommercial: false }),
    answers: { active: 't-+---+', removed: 't-N---N' },
    refusals: { N: ['FAILED_PRECONDITION', 'LISTING_NOT_ACTIVE'] },
    oneByOne: true,
  },
  removeListing: {
    scopes: MARKET,
    request: async (cell) => ({
      listingId: cell.isAnswered && cell.state === 'active' ? await cell.scene.make.listing() : listing(cell),
    }),
    answers: { active: 't-+-+++', removed: 't-+-+++' },
  },
}

export const PURCHASES: TableOf<typeof PurchaseServiceService> = {
  purchaseListing: {
    scopes: MARKET,
    // Each caller buys it once: all their calls have one request id.
    request: ({ scene, callerId }) => ({
      listingId: scene.market.forSale,
      licenseType: License_Type.PERSONAL,
      paymentMethod: 'pm_card_visa',
      expectedPrice: price,
      requestId: callerId,
    }),
    answers: 't+O+++O',
    refusals: { O: ['FAILED_PRECONDITION', 'OWN_LISTING'] },
    oneByOne: true,
  },
  getTransaction: {
    scopes: MARKET,
    request: ({ scene }) => ({ transactionId: scene.market.bought.transactionId }),
    answers: 't-++-++',
  },
  listTransactions: {
    scopes: MARKET,
    request: (cell) => ({ ...FIRST, role: isSeller(cell) ? Role.SELLER : Role.BUYER }),
    shows: ({ transactions }, { scene }) =>
      transactions.some(({ transactionId }) => transactionId === scene.market.bought.transactionId),
    answers: 'to++oo+',
  },
  refundTransaction: {
    scopes: MARKET,
    request: ({ scene }) => ({ transactionId: scene.market.toRefund.transactionId, reason: 'By mistake' }),
    answers: 't-++-++',
    oneByOne: true,
  },
}

export const LICENSES: TableOf<typeof LicenseServiceService> = {
  listLicenses: {
    scopes: MARKET,
    request: (cell) => ({ ...FIRST, role: isSeller(cell) ? LicenseRole.SELLER : LicenseRole.BUYER }),
    shows: ({ licenses }, { scene }) => licenses.some(({ licenseId }) => licenseId === scene.market.bought.licenseId),
    answers: 'to++oo+',
  },
  getLicense: {
    scopes: MARKET,
    request: ({ scene }) => ({ licenseId: scene.market.bought.licenseId }),
    // Only the buyer gets the key and the document.
    shows: ({ licenseKey, document }) => licenseKey !== '' || document !== '',
    answers: 't-o+-oo',
  },
  verifyLicense: {
    request: ({ scene }) => ({ licenseKey: scene.market.toRevoke.licenseKey }),
    shows: ({ licenseId }, { scene }) => licenseId === scene.market.toRevoke.licenseId,
    answers: '+++++++',
  },
  rotateLicenseKey: {
    scopes: MARKET,
    request: ({ scene }) => ({ licenseId: scene.market.bought.licenseId }),
    answers: 't--+---',
    oneByOne: true,
  },
  revokeLicense: {
    request: ({ scene }) => ({ licenseId: scene.market.toRevoke.licenseId, reason: 'The terms were broken' }),
    answers: 't-+--+x',
    oneByOne: true,
  },
  getLicenseKeys: { request: () => ({}), answers: '+++++++' },
}

/** Whoever sold something has figures. */
const OWN_MONEY = 'to+ooo+'

export const SELLERS: TableOf<typeof SellerServiceService> = {
  getRevenue: {
    scopes: MARKET,
    request: () => ({ period: Period.DAY, currency: '' }),
    shows: ({ revenue }) => revenue.length > 0,
    answers: OWN_MONEY,
  },
  getBalance: {
    scopes: MARKET,
    request: () => ({}),
    shows: ({ balances }) => balances.length > 0,
    answers: OWN_MONEY,
  },
  exportStatement: { scopes: MARKET, request: () => ({}), answers: 't++++++', oneByOne: true },
  recordPayout: {
    request: ({ scene }) => ({ userId: scene.people.owner.id, amount: price, reference: 'too-early' }),
    // What was just sold cannot be paid out yet.
    answers: 'txxxxBx',
    refusals: { B: ['FAILED_PRECONDITION', 'BALANCE_TOO_LOW'] },
  },
}

const NOTICE = '{"id": "evt_access", "type": "payment_intent.succeeded", "data": {"object": {"id": "pi_unknown"}}}'
const raw = { contentType: 'application/json', data: Buffer.from(NOTICE), extensions: [] }

export const WEBHOOK: TableOf<typeof PaymentWebhookServiceService> = {
  receivePaymentNotice: [
    {
      when: 'signed by the provider',
      request: () => ({ raw }),
      headers: ({ scene }) => ({ 'stripe-signature': signatureOf(NOTICE, scene.webhookSecret) }),
      answers: '+++++++',
    },
    {
      when: 'not signed by the provider',
      request: () => ({ raw }),
      answers: 'SSSSSSS',
      refusals: { S: ['UNAUTHENTICATED', 'SIGNATURE_INVALID'] },
    },
  ],
}
