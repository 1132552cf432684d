import { markHandled, wasHandled } from '#chassis/events/inbox.ts'
import { type AppError, invalid, unauthenticated, unavailable } from '#chassis/errors.ts'
import type { PublicCall } from '#chassis/grpc/call.ts'
import type { ReceivePaymentNoticeRequest } from '#contracts/gen/promptforge/marketplace/v1/payment_webhook_service.ts'
import type { Deps } from '../context.ts'
import { findByReference } from '../db/transactions.ts'
import type { PaymentEvent } from '../payments/payment.ts'
import { isPaymentError } from '../payments/payment-error.ts'
import { paymentsNotConfigured } from './purchase-listing.ts'

/** Who is told, in the inbox. */
const CONSUMER = 'payments'

export const receivePaymentNotice =
  ({ payments, sales }: Pick<Deps, 'payments' | 'sales'>) =>
  async ({ raw }: ReceivePaymentNoticeRequest, { sql, headers, origin }: PublicCall) => {
    const event = readEvent(payments, raw?.data ?? Buffer.alloc(0), headers['stripe-signature'] ?? '')
    if (await wasHandled(sql, CONSUMER, event.id, 'text')) return {}
    const [transaction] = event.payment === undefined ? [] : await sql(findByReference, { reference: event.payment })
    // A payment whose reference is not stored yet is found by its reconciler; one that is not ours is none of our business.
    if (transaction) await sales.handle(event, transaction.id, origin).catch(sentAgain)
    await markHandled(sql, CONSUMER, event.id, 'text')
    return {}
  }

/** A notice that led to nothing because the provider did not answer is sent again by it. */
function sentAgain(error: unknown): never {
  throw isPaymentError(error) ? unavailable('the payment provider', error) : error
}

function readEvent({ readEvent: read }: Deps['payments'], body: Uint8Array, signature: string): PaymentEvent {
  try {
    return read(body, signature)
  } catch (error) {
    throw isPaymentError(error) ? refusal(error.reason) : error
  }
}

function refusal(reason: string): AppError | Error {
  switch (reason) {
    case 'EVENT_NOT_SIGNED':
      return unauthenticated('SIGNATURE_INVALID', 'the notice is not signed by the payment provider, or too long ago')
    case 'EVENT_UNREADABLE':
      return invalid([{ field: 'raw', description: 'is no notice of the payment provider' }])
    default:
      return paymentsNotConfigured()
  }
}
