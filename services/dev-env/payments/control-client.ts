import type { Line } from './book.ts'
import type { Charge, Dispute, Intent, Refund } from './objects.ts'
import type { Order } from './orders.ts'

/** Orders what the payment provider does, and reads what it has done. For tests and for what starts it; nothing in production has this. */
export class PaymentControl {
  readonly #url: string
  constructor(url: string) {
    this.#url = url
  }

  /** Replaces all orders. Without any it does as Stripe does. */
  async order(...orders: Order[]): Promise<void> {
    await this.#ask('PUT', 'orders', orders)
  }

  /** Where it sends events to from now on. Before, it sends none. */
  async sendEventsTo(url: string): Promise<void> {
    await this.#ask('PUT', 'webhook', { url })
  }

  /** The buyer disputes a payment. */
  dispute(payment: string): Promise<Dispute> {
    return this.#ask('POST', 'disputes', { payment })
  }

  /** The buyer's bank decides a dispute. */
  decide(dispute: string, status: 'won' | 'lost'): Promise<Dispute> {
    return this.#ask('POST', `disputes/${dispute}`, { status })
  }

  /** Forgets all idempotency keys, as after a day. */
  async forgetKeys(): Promise<void> {
    await this.#ask('POST', 'keys', {})
  }

  /** Everything that has happened, in order. */
  journal(): Promise<Line[]> {
    return this.#ask('GET', 'journal')
  }

  /** What it has for a transaction, which is `metadata[transaction]` of payments: in whatever state that is now. */
  async of(transaction: string): Promise<{ payments: Intent[]; charges: Charge[]; refunds: Refund[] }> {
    const kept = new Map((await this.journal()).flatMap(({ objects = [] }) => objects).map((one) => [one.id, one]))
    const all = [...kept.values()]
    const payments = all.filter((one) => one.object === 'payment_intent' && one.metadata['transaction'] === transaction)
    const ids = new Set(payments.map(({ id }) => id))
    const paid = all.filter((one) => one.object === 'charge' && ids.has(one.payment_intent) && one.paid)
    const refunds = all.filter((one) => one.object === 'refund' && ids.has(one.payment_intent))
    return { payments: payments as Intent[], charges: paid as Charge[], refunds: refunds as Refund[] }
  }

  /**
   * What the payments of each transaction have moved, minor units, by `metadata[transaction]`: negative what buyers have paid, positive what they have
   * back, by refunds that have succeeded and by disputes that they have not lost.
   */
  async moved(): Promise<Map<string, bigint>> {
    const kept = new Map((await this.journal()).flatMap(({ objects = [] }) => objects).map((one) => [one.id, one]))
    const transactionOf = (payment: string) => {
      const intent = kept.get(payment)
      return intent?.object === 'payment_intent' ? (intent.metadata['transaction'] ?? '') : ''
    }
    const moved = new Map<string, bigint>()
    for (const one of kept.values()) {
      if (one.object === 'payment_intent') continue
      const transaction = transactionOf(one.payment_intent)
      moved.set(transaction, (moved.get(transaction) ?? 0n) + BigInt(movedBy(one)))
    }
    return moved
  }

  async #ask<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await fetch(`${this.#url}/control/${path}`, {
      method,
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`the payment provider refused ${method} ${path}: ${text}`)
    return JSON.parse(text) as T
  }
}

function movedBy(one: Charge | Refund | Dispute): number {
  switch (one.object) {
    case 'charge':
      return one.paid ? -one.amount : 0
    case 'refund':
      return one.status === 'succeeded' ? one.amount : 0
    case 'dispute':
      return one.status === 'needs_response' || one.status === 'lost' ? one.amount : 0
  }
}
