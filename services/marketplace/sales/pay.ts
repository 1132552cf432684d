import { text, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { failpoint } from '#chassis/failpoints.ts'
import { isPaymentError } from '../payments/payment-error.ts'
import type { Money } from '../payments/payment.ts'
import type { Parts } from './finalise.ts'

/** What is to be paid, for which transaction. */
export type Order = { id: string; price: Money; paymentMethod: string }

/** Stores which payment of the provider a transaction has, unless it has ended or has one. No row: nothing is stored. */
export const storeReference = statement('store_reference', { id: uuid, reference: text })<object>(
  (p) => `update transactions set provider_ref = ${p.reference}
    where id = ${p.id} and status = 'PENDING' and provider_ref is null
    returning 1`,
)

/**
 * Has the payment provider take the money of a transaction, in the order that loses nothing: the payment is made, its reference is stored, and only then
 * it is confirmed. What came of it is found out by `finalise`; the answer here is why it cannot have succeeded, if that is known.
 */
export async function pay(
  { database, payments, log }: Pick<Parts, 'database' | 'payments' | 'log'>,
  { id, price, paymentMethod }: Order,
): Promise<string | undefined> {
  failpoint('purchase begun')
  const payment = await payments.create(id, price).catch((err: unknown) => {
    log.warn({ transaction: id, err }, 'the payment could not be created')
    return undefined
  })
  // Whatever the provider has made, it was not confirmed and has no reference here, so it never will be.
  if (!payment) return 'not_confirmed'
  failpoint('payment created')
  const { reference } = payment
  const stored = await database.sql(storeReference, { id, reference })
  if (stored.length === 0) {
    await payments.cancel(id, reference)
    return 'not_confirmed'
  }
  failpoint('reference stored')
  try {
    await payments.confirm(id, reference, paymentMethod)
  } catch (err) {
    log.warn({ transaction: id, err }, 'the payment was not confirmed, or it is not known whether it was')
    if (isPaymentError(err) && err.kind === 'refused') {
      return err.reason === 'PAYMENT_METHOD_UNKNOWN' ? 'payment_method_unknown' : 'not_confirmed'
    }
  }
  failpoint('payment confirmed')
  return undefined
}
