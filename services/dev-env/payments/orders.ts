import type { Call } from './book.ts'
import type { Slow } from './intents.ts'

/** How a connection or an answer breaks: before the work, which is then not done, or after it. */
export type Break = 'cut-before' | 'cut-after' | '500-before' | '500-after' | '429'

/** What a test orders the provider to do differently. It holds until other orders come, or this process ends. */
export type Order = {
  /** The call, or the sending of events. Default: every call, but no event. */
  call?: Call | 'webhook'
  /** Only for the payment with this id, or with this `metadata[transaction]`. Default: each. */
  payment?: string
  /** Only for events of this type: `payment_intent.succeeded`. Default: each. */
  event?: string
  /** For how many calls or events. Default: all. */
  times?: number
  /** Milliseconds to wait before the work, or before an event is first sent. */
  beforeMs?: number
  /** Milliseconds to wait between the work and the answer. */
  afterMs?: number
  break?: Break
  /** Of confirm and refund: it is under way for a while, and then ends so. */
  slow?: Slow
  /** Of confirm: minor units that it takes instead of those of the payment. */
  takes?: number
  /** Of an event: how often it is delivered. 0: never. */
  copies?: number
}

/** Which call or event it is about. */
export type Subject = { call: Order['call']; payments: readonly (string | undefined)[]; event?: string }

/** The orders that are in force. */
export class Orders {
  #orders: Order[] = []

  /** Replaces all orders. */
  give(orders: readonly Order[]): void {
    this.#orders = orders.map((order) => ({ ...order }))
  }

  /** The first order for this call or event; it counts as carried out. */
  take({ call, payments, event }: Subject): Order {
    const order = this.#orders.find(
      (one) =>
        (one.call === undefined ? call !== 'webhook' : one.call === call) &&
        (one.payment === undefined || payments.includes(one.payment)) &&
        (one.event === undefined || one.event === event) &&
        (one.times ?? 1) > 0,
    )
    if (!order) return {}
    if (order.times !== undefined) order.times -= 1
    return order
  }
}
