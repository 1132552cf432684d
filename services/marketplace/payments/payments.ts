import { randomUUID } from 'node:crypto'
import Stripe from 'stripe'
import type { PaymentsConfig } from './config.ts'
import { openConnection } from './connection.ts'
import { readEvent } from './events.ts'
import type { Money, Payment, PaymentEvent, Refund } from './payment.ts'
import { isStripeFailure, PaymentError, sortFailure } from './payment-error.ts'
import { toPayment, toRefund } from './view.ts'

/** The version of Stripe's API that this is written for. */
const API_VERSION = '2026-10-28.endive'

/** The longest that each call may take, milliseconds. */
export type Timeouts = Record<'create' | 'confirm' | 'retrieve' | 'cancel' | 'refund', number>

const TIMEOUTS: Timeouts = { create: 3000, confirm: 4000, retrieve: 2000, cancel: 3000, refund: 4000 }

/**
 * The payment provider. Every call makes one request, never a second, and throws a `PaymentError` that says what is known when it fails. `transaction`
 * is the id of our transaction: a call that is repeated for it has no second effect within a day.
 */
export type Payments = AsyncDisposable & {
  /** Whether there is a key. Without one, every call throws NO_KEY. */
  readonly isConfigured: boolean
  /** Creates a payment, by which no money moves. */
  create(transaction: string, price: Money): Promise<Payment>
  /** Has the provider take the money by `method`, `pm_…`. A bank that declines is an answer (DECLINED), and so is a payment that was confirmed before. */
  confirm(transaction: string, reference: string, method: string): Promise<Payment>
  /** The payment as it is now: the only truth. */
  retrieve(reference: string): Promise<Payment>
  /** Cancels a payment. The answer is the payment, which is not CANCELED when it could not be: retrieve it again. */
  cancel(transaction: string, reference: string): Promise<Payment>
  /** Gives all of the money back. What was given back before is an answer, too. */
  refund(transaction: string, reference: string): Promise<Refund>
  /**
   * The payment of a transaction that has succeeded, however long ago. The provider knows it by this question about a minute after it: before that, and for a day,
   * `create` answers with it, too.
   */
  paid(transaction: string): Promise<Payment | undefined>
  /** The newest refund of a payment as it is now. */
  refundOf(reference: string): Promise<Refund | undefined>
  /** Reads an event: see `readEvent`. Without a webhook secret it throws NO_KEY. */
  readEvent(body: Uint8Array, signature: string): PaymentEvent
}

/** Opens the adapter. It makes no connection before the first call. */
export function createPayments(config: PaymentsConfig, timeouts: Partial<Timeouts> = {}): Payments {
  const { hostname, port, protocol } = new URL(config.url)
  const connection = openConnection()
  const limits = { ...TIMEOUTS, ...timeouts }
  // Without a key it is not called: `stripe` throws before.
  const client = new Stripe(config.key || 'none', {
    apiVersion: API_VERSION,
    host: hostname,
    port: port || (protocol === 'http:' ? 80 : 443),
    protocol: protocol === 'http:' ? 'http' : 'https',
    httpClient: connection.client,
    maxNetworkRetries: 0,
    telemetry: false,
  })
  const stripe = () => {
    if (config.key === '') throw noKey('PF_PAYMENTS_KEY')
    return client
  }
  const options = (call: keyof Timeouts, idempotencyKey?: string) => ({
    timeout: limits[call],
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  })
  const refundOf = async (reference: string) => {
    const { data } = await stripe().refunds.list({ payment_intent: reference, limit: 1 }, options('retrieve'))
    return data[0] && toRefund(data[0])
  }

  return {
    isConfigured: config.key !== '',
    create: (transaction, { amount, currency }) =>
      sorted(async () => {
        const intent = {
          amount: Number(amount),
          currency: currency.toLowerCase(),
          payment_method_types: ['card'],
          metadata: { transaction },
        }
        return toPayment(await stripe().paymentIntents.create(intent, options('create', `${transaction}:create`)))
      }),
    confirm: (transaction, reference, method) =>
      sorted(() =>
        orItsPayment(async () => {
          const how = { payment_method: method, error_on_requires_action: true }
          const once = options('confirm', `${transaction}:confirm`)
          return toPayment(await stripe().paymentIntents.confirm(reference, how, once))
        }),
      ),
    retrieve: (reference) =>
      sorted(async () => toPayment(await stripe().paymentIntents.retrieve(reference, {}, options('retrieve')))),
    paid: (transaction) =>
      sorted(async () => {
        const query = `metadata["transaction"]:"${transaction}" AND status:"succeeded"`
        const { data } = await stripe().paymentIntents.search({ query, limit: 1 }, options('retrieve'))
        return data[0] && toPayment(data[0])
      }),
    cancel: (transaction, reference) =>
      sorted(() =>
        orItsPayment(async () => {
          // A new key each time: what a payment in another state, or a fault, was answered would else be the answer for a day. Cancelling twice does no harm.
          const once = options('cancel', `${transaction}:cancel:${randomUUID()}`)
          return toPayment(await stripe().paymentIntents.cancel(reference, {}, once))
        }),
      ),
    refund: (transaction, reference) =>
      sorted(async () => {
        try {
          const what = { payment_intent: reference, metadata: { transaction } }
          return toRefund(await stripe().refunds.create(what, options('refund', `${transaction}:refund`)))
        } catch (error) {
          const isDone = isStripeFailure(error) && error.code === 'charge_already_refunded'
          const done = isDone ? await refundOf(reference) : undefined
          if (!done) throw error
          return done
        }
      }),
    refundOf: (reference) => sorted(() => refundOf(reference)),
    readEvent: (body, signature) => {
      if (config.webhookSecret === '') throw noKey('PF_PAYMENTS_WEBHOOK_SECRET')
      return readEvent(client.webhooks, config.webhookSecret, body, signature)
    },
    [Symbol.asyncDispose]: () => connection.close(),
  }
}

const noKey = (variable: string) =>
  new PaymentError('configuration', 'NO_KEY', `there is no key of a payment provider: set ${variable}`)

/** Turns the package's errors into ours. */
async function sorted<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw isStripeFailure(error) ? sortFailure(error) : error
  }
}

/** A declined payment, and one in another state than the call needs, come with the error: then they are the answer. */
async function orItsPayment(call: () => Promise<Payment>): Promise<Payment> {
  try {
    return await call()
  } catch (error) {
    const isState =
      isStripeFailure(error) &&
      (error.type === 'StripeCardError' || error.code === 'payment_intent_unexpected_state') &&
      error.payment_intent !== undefined
    if (!isState) throw error
    return toPayment(error.payment_intent as Stripe.PaymentIntent)
  }
}
