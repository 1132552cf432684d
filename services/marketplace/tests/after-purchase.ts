import { jobCause } from '#chassis/cause.ts'
import { until } from '#chassis/testing/until.ts'
import type { Transaction } from '#contracts/gen/promptforge/marketplace/v1/transaction.ts'
import { signatureOf } from '../../dev-env/payments/webhooks.ts'
import { type Mismatch, recount, recountPayments } from '../db/recount.ts'
import { jobs } from '../jobs.ts'
import type { Marketplace, Person } from './harness.ts'
import { notify } from './notices.ts'

/** Milliseconds of an hour and of a day. */
export const HOUR = 3_600_000
export const DAY = 24 * HOUR

/** What somebody has bought: of a new listing of the seller's, for 19.99, of which the fee is 4.00. */
export async function bought(market: Marketplace, seller: Person, buyer: Person, paymentMethod = 'pm_card_visa') {
  const listing = await market.list(seller)
  const { transaction, license, licenseKey } = await market.buy(buyer, listing.listingId, { paymentMethod })
  return { listing, transaction: transaction!, license: license!, licenseKey, id: transaction!.transactionId }
}

/** A refund that somebody asks for. */
export const refund = async (
  market: Marketplace,
  transactionId: string,
  { as }: Person,
  reason = '',
): Promise<Transaction> => (await market.purchases.refundTransaction({ transactionId, reason }, as)).transaction!

/** A transaction as somebody reads it. */
export const read = async (market: Marketplace, transactionId: string, { as }: Person): Promise<Transaction> =>
  (await market.purchases.getTransaction({ transactionId }, as)).transaction!

/** Makes a purchase so much older, milliseconds. */
export const age = ({ database }: Marketplace, id: string, ms: number) =>
  database.query(
    `update transactions set created_at = created_at - $2 * interval '1 ms', completed_at = completed_at - $2 * interval '1 ms' where id = $1`,
    [id, ms],
  )

/** Runs a job of the service once, as it does by itself from time to time. */
export async function runJob(
  { service }: Marketplace,
  name: 'release sales' | 'settle payments and refunds',
): Promise<void> {
  const job = jobs(service.context).find((one) => one.name === name)
  await job!.run(new AbortController().signal, jobCause(name))
}

/** Releases the money of a purchase, as if 14 days had passed. */
export async function released(market: Marketplace, id: string): Promise<void> {
  await age(market, id, 14 * DAY)
  await runJob(market, 'release sales')
}

/** Has the reconciler look at a transaction. */
export async function reconciled(market: Marketplace, id: string): Promise<void> {
  await market.database.query(
    'update transactions set next_check_at = now() where id = $1 and next_check_at is not null',
    [id],
  )
  await runJob(market, 'settle payments and refunds')
}

/** The postings of a transaction in order, with what each changes: `REFUND fee -400 refund_clearing 1999 seller_pending -1599`. */
export async function postings({ database }: Marketplace, id: string): Promise<string[]> {
  const rows = await database.query<{ line: string }>(
    `select concat_ws(' ', p.kind, string_agg(concat(lower(e.account), ' ', e.amount), ' ' order by e.account)) as line
      from ledger_postings p left join ledger_entries e on e.posting_id = p.id where p.transaction_id = $1
      group by p.id order by p.id`,
    [id],
  )
  return rows.map(({ line }) => line)
}

/** The kinds of a transaction's postings, in order. */
export const kinds = async (market: Marketplace, id: string): Promise<string[]> =>
  (await postings(market, id)).map((line) => line.split(' ')[0]!)

/** What a recount of the database finds, and a comparison with the journal of the payment provider. */
export async function disagreements({ database, payments }: Marketplace): Promise<Mismatch[]> {
  const query = (text: string) => database.query(text)
  return [...(await recount(query)), ...(await recountPayments(query, await payments.control.moved()))]
}

/** What the buyer's bank does about a payment, by the id of the transaction. */
export async function dispute({ payments: { control } }: Marketplace, id: string) {
  const { payments } = await control.of(id)
  const { id: disputeId } = await control.dispute(payments[0]!.id)
  return { decide: (status: 'won' | 'lost') => control.decide(disputeId, status) }
}

/** Has a purchase be in a state, which the service stores some time after it was told. */
export const comes = (
  market: Marketplace,
  what: string,
  id: string,
  person: Person,
  is: (tx: Transaction) => boolean,
) => until(what, async () => is(await read(market, id, person)))

/** Sends the notice that a dispute of a payment has begun, which the provider was ordered not to send. */
export async function tellOfDispute(market: Marketplace, id: string): Promise<void> {
  const { control } = market.payments
  const [payment] = (await control.of(id)).payments
  const events = (await control.journal()).flatMap((line) => line.events ?? [])
  const { payload } = events.find((one) => one.type === 'charge.dispute.created' && one.payment === payment!.id)!
  await notify(market, Buffer.from(payload), signatureOf(payload, market.env['PF_PAYMENTS_WEBHOOK_SECRET']!))
}
