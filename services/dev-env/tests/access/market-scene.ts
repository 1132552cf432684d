import { buy, type Listed, offer, usd } from '../market.ts'
import type { TestNetwork } from '../harness.ts'
import type { People } from './people.ts'
import type { Ask } from './scene.ts'

/** What a purchase has made. */
export type Bought = { listingId: string; transactionId: string; licenseId: string; licenseKey: string }

/** What the owner sells, and the buyer has bought. */
export type Market = {
  /** Listings by their state. The buyer has bought licences of both. */
  listings: Record<'active' | 'removed', string>
  /** Is bought by the calls of the table alone. */
  forSale: string
  bought: Bought
  /** Other purchases of the buyer's, of which each is for one row. */
  toRefund: Bought
  toRevoke: Bought
  /** Offers another private prompt of the owner's. */
  offer(): Promise<Listed>
  /** Offers this prompt of the owner's, which the buyer buys. */
  sell(promptId: string): Promise<Bought>
}

/** Words of the titles of the two listings, to search for. */
export const LISTING_WORD = { active: 'zebra', removed: 'giraffe' } as const

/** Offers and sells. */
export async function createMarket(network: TestNetwork, ask: Ask, { people }: People): Promise<Market> {
  const { owner, buyer } = people
  const purchase = async (listingId: string): Promise<Bought> => {
    const { body } = await buy(network, buyer, listingId)
    const { transaction, license, licenseKey } = body
    return { listingId, transactionId: transaction.transactionId, licenseId: license.licenseId, licenseKey }
  }
  const offerAnother = (title = 'Spare') => offer(network, owner, { title })
  const sell = async (promptId: string) => {
    const body = { promptId, title: 'For sale', price: usd(1999) }
    const { listing } = await ask('POST /v1/listings', { token: owner.token, body })
    return purchase(listing.listingId)
  }
  const offerAndSell = async (title?: string) => purchase((await offerAnother(title)).listingId)
  const bought = await offerAndSell(LISTING_WORD.active)
  const removed = await offerAndSell(LISTING_WORD.removed)
  const [toRefund, toRevoke] = [await offerAndSell(), await offerAndSell()]
  await ask(`POST /v1/listings/${removed.listingId}:remove`, { token: owner.token })
  return {
    listings: { active: bought.listingId, removed: removed.listingId },
    forSale: (await offerAnother()).listingId,
    bought,
    toRefund,
    toRevoke,
    offer: offerAnother,
    sell,
  }
}
