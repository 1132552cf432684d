import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { type PaymentOptions, type PaymentProvider, startPayments } from '../../dev-env/payments/start.ts'
import type { PaymentsConfig } from '../payments/config.ts'
import { isPaymentError, type PaymentError } from '../payments/payment-error.ts'
import { createPayments, type Payments, type Timeouts } from '../payments/payments.ts'

export const KEY = 'sk_test_0123456789abcdefghij'
export const WEBHOOK_SECRET = 'whsec_0123456789abcdefghij'

export const PRICE = { amount: 1999n, currency: 'USD' }

/** A provider in a process of its own, and the adapter for it. */
export type Setup = AsyncDisposable & { provider: PaymentProvider; payments: Payments; config: PaymentsConfig }

/** Starts them. */
export async function startSetup(
  name: string,
  options: Partial<PaymentOptions & { timeouts: Partial<Timeouts> }> = {},
): Promise<Setup> {
  const { timeouts, ...more } = options
  const folder = join(process.env['PF_TEST_FOLDER']!, name)
  const provider = await startPayments({
    port: 0,
    folder,
    key: KEY,
    webhookSecret: WEBHOOK_SECRET,
    laterMs: 50,
    ...more,
  })
  const config = { url: provider.url, key: KEY, webhookSecret: WEBHOOK_SECRET }
  const payments = createPayments(config, timeouts)
  const stop = async () => {
    await payments[Symbol.asyncDispose]()
    await provider[Symbol.asyncDispose]()
  }
  return { provider, payments, config, [Symbol.asyncDispose]: stop }
}

/** A new transaction with a payment that nobody has confirmed. */
export async function created(payments: Payments): Promise<{ transaction: string; reference: string }> {
  const transaction = randomUUID()
  const { reference } = await payments.create(transaction, PRICE)
  return { transaction, reference }
}

/** A new transaction that was paid. */
export async function paid(payments: Payments, method = 'pm_card_visa') {
  const made = await created(payments)
  const payment = await payments.confirm(made.transaction, made.reference, method)
  if (payment.status !== 'SUCCEEDED') throw new Error(`the payment is ${payment.status}`)
  return made
}

/** What a call failed with. Throws when it succeeds, or fails with something else. */
export async function failure(
  call: Promise<unknown> | (() => unknown),
): Promise<Pick<PaymentError, 'kind' | 'reason'>> {
  try {
    await (typeof call === 'function' ? call() : call)
  } catch (error) {
    if (!isPaymentError(error)) throw error
    const { kind, reason } = error
    return { kind, reason }
  }
  throw new Error('the call succeeded, and should have failed')
}
