import { type Balance, type Entry, type Posting, sumOf } from '../ledger.ts'
import type { Transaction } from '../transaction.ts'

/** The currencies of these books. */
export const CURRENCIES = ['USD', 'EUR']

/** The sellers of these books. */
export const SELLERS = ['ada', 'bob']

/** What the database has: transactions, postings, and balances that each posting changes. */
export type Books = { transactions: Transaction[]; postings: Posting[]; balances: Map<string, Balance>; now: number }

/** Books without a posting, at this time. */
export const booksOf = (transactions: Transaction[], now: number): Books => ({
  transactions,
  postings: [],
  balances: new Map(),
  now,
})

/** What a seller has in a currency. */
export const balanceOf = ({ balances }: Books, sellerId: string, currency: string): Balance =>
  balances.get(`${sellerId} ${currency}`) ?? { pending: 0n, available: 0n }

/** Writes a posting, if there is one, and changes the balance as it says. */
export function post(books: Books, posting: Posting | undefined) {
  if (!posting) return
  books.postings.push(posting)
  const [{ sellerId, currency } = { sellerId: '', currency: '' }] = posting.entries
  const { pending, available } = balanceOf(books, sellerId, currency)
  const { change } = posting
  books.balances.set(`${sellerId} ${currency}`, {
    pending: pending + change.pending,
    available: available + change.available,
  })
}

const total = (entries: readonly Entry[]) => entries.reduce((sum, { amount }) => sum + amount, 0n)

/** All their entries. */
export const entriesOf = (postings: Posting[]) => postings.flatMap(({ entries }) => entries)

/** The rules that the books of one transaction break, by its entries alone. Every rule holds after every step. */
export function brokenBy(tx: Transaction, postings: Posting[]): string[] {
  const kinds = postings.map(({ kind }) => kind)
  const entries = entriesOf(postings)
  const pending = sumOf(entries, 'SELLER_PENDING')
  const available = sumOf(entries, 'SELLER_AVAILABLE')
  const fee = sumOf(entries, 'FEE')
  const external = sumOf(entries, 'EXTERNAL')
  const clearing = sumOf(entries, 'REFUND_CLEARING')
  const net = tx.amount - tx.fee
  const bought = kinds.includes('PURCHASE')
  // The buyer has the money back by the refund and by the bank: the platform has lost it.
  const isPaidBackTwice =
    kinds.includes('REFUND') && kinds.includes('DISPUTE') && tx.refundState !== 'FAILED' && tx.disputeState !== 'WON'
  const rules: [string, boolean][] = [
    ['a kind occurs at most once', new Set(kinds).size === kinds.length],
    ['a posting sums to zero', postings.every((posting) => total(posting.entries) === 0n)],
    ['a posting changes the balance by its entries', postings.every(changesAsItsEntries)],
    ['nothing moves before the purchase', bought || entries.length === 0],
    ['what is pending is never spent twice, nor a part of it', pending === 0n || pending === net],
    ['what is available is never spent twice, nor a part of it', available === 0n || available === net],
    ['the money is in one bucket', pending === 0n || available === 0n],
    [
      'refunds on their way are those that were requested',
      clearing === (tx.refundState === 'REQUESTED' ? tx.amount : 0n),
    ],
    ['fee and net are the amount', pending + available === 0n || (fee === tx.fee && external === -tx.amount)],
    [
      'the platform loses only what is paid back twice',
      isPaidBackTwice ? fee === -tx.amount : fee === 0n || fee === tx.fee,
    ],
    ['no more is paid back than was paid', isPaidBackTwice || (external <= 0n && external >= -tx.amount)],
  ]
  return rules.filter(([, holds]) => !holds).map(([rule]) => `${tx.id}: ${rule}`)
}

const changesAsItsEntries = ({ entries, change }: Posting) =>
  change.pending === sumOf(entries, 'SELLER_PENDING') &&
  change.available === sumOf(entries, 'SELLER_AVAILABLE') &&
  (change.fee === sumOf(entries, 'FEE') || Object.values(change).every((amount) => amount === 0n))

/** The rules that all books together break, and those that the books of each transaction break. */
export function broken(books: Books): string[] {
  const entries = entriesOf(books.postings)
  const ofBalances = CURRENCIES.flatMap((currency) => {
    const ofCurrency = entries.filter((entry) => entry.currency === currency)
    const ofSellers = SELLERS.flatMap((sellerId) => {
      const own = ofCurrency.filter((entry) => entry.sellerId === sellerId)
      const { pending, available } = balanceOf(books, sellerId, currency)
      const isRecount = pending === sumOf(own, 'SELLER_PENDING') && available === sumOf(own, 'SELLER_AVAILABLE')
      return [
        ...(isRecount ? [] : [`${sellerId} ${currency}: the balance is the recount of the entries`]),
        ...(pending < 0n ? [`${sellerId} ${currency}: what is pending is never below zero`] : []),
      ]
    })
    return total(ofCurrency) === 0n ? ofSellers : [...ofSellers, `${currency}: all entries sum to zero`]
  })
  const ofTransactions = books.transactions.flatMap((tx) => {
    const own = books.postings.filter(({ transactionId }) => transactionId === tx.id)
    return brokenBy(tx, own)
  })
  return [...ofBalances, ...ofTransactions]
}
