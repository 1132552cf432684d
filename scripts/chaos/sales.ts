import { randomUUID } from 'node:crypto'
import type { Ledger } from './ledger.ts'
import { insist, type Person, type Send } from './load.ts'

/** What a licence costs. */
const PRICE = { currencyCode: 'USD', units: '19', nanos: 990_000_000 }

/** Test payment methods of Stripe's: a card that works, one that the bank declines, and payments that their buyers dispute. */
const METHODS: [method: string, share: number][] = [
  ['pm_card_visa', 0.75],
  ['pm_card_chargeDeclined', 0.15],
  ['pm_card_createDispute', 0.1],
]

/** Offers a new private prompt, buys a licence of somebody else's, or gives one back. */
export async function actOnSales(send: Send, ledger: Ledger, person: Person): Promise<void> {
  const dice = Math.random()
  if (dice < 0.25 || ledger.sales.listings.size === 0) return offer(send, ledger, person)
  if (dice < 0.85) return buy(send, ledger, person)
  return refund(send, ledger, person)
}

async function offer(send: Send, { sales }: Ledger, person: Person) {
  const prompt = { title: 'For sale', content: 'Sell {{topic}}.', isPublic: false }
  const made = await insist(send, '/v1/prompts', person, prompt)
  if (made?.status !== 200) return
  const { id: promptId } = made.body.prompt
  const isExclusive = Math.random() < 0.3
  const listed = await insist(send, '/v1/listings', person, {
    promptId,
    title: 'For sale',
    price: PRICE,
    exclusive: isExclusive,
  })
  if (listed?.status === 200) sales.listings.set(listed.body.listing.listingId, person.id)
}

async function buy(send: Send, { sales }: Ledger, person: Person) {
  const [listingId, sellerId] = [...sales.listings][Math.floor(Math.random() * sales.listings.size)]!
  if (sellerId === person.id) return
  const paymentMethod = oneOf(METHODS)
  const requestId = randomUUID()
  sales.asked.set(requestId, undefined)
  const purchase = { licenseType: 'PERSONAL', paymentMethod, expectedPrice: PRICE }
  const answer = await insist(send, `/v1/listings/${listingId}:purchase`, person, purchase, requestId)
  if (answer?.status !== 200) return
  const { transactionId, status } = answer.body.transaction
  sales.asked.set(requestId, transactionId)
  if (status === 'COMPLETED') person.bought.push(transactionId)
  if (status !== 'PENDING') sales.ended.set(transactionId, status)
}

async function refund(send: Send, { sales }: Ledger, person: Person) {
  const id = person.bought[Math.floor(Math.random() * person.bought.length)]
  if (id === undefined) return
  const { status } = await send('POST', `/v1/transactions/${id}:refund`, person, { reason: 'It was a mistake.' })
  if (status === 200) sales.refunded.add(id)
}

function oneOf<T>(shares: [T, number][]): T {
  let dice = Math.random()
  return (shares.find(([, share]) => (dice -= share) < 0) ?? shares[0]!)[0]
}
