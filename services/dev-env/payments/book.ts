import { Journal } from './journal.ts'
import { type Charge, type Dispute, type Intent, type Kept, newId, type Refund, seconds } from './objects.ts'

/** The calls of Stripe's that the provider answers. */
export type Call =
  'create' | 'confirm' | 'retrieve' | 'search' | 'cancel' | 'refund' | 'retrieve-refund' | 'list-refunds'

/** What a request with an idempotency key was answered. */
export type Saved = { key: string; print: string; status: number; body: object }

/** Something that ends by itself, at `at` (milliseconds since 1970). */
export type Later = {
  id: string
  at: number
  what: 'payment' | 'refund' | 'dispute'
  /** The PaymentIntent, refund or charge. */
  object: string
  end: 'succeeded' | 'failed'
}

/** An event, and what is sent of it: always the same bytes. */
export type Event = { id: string; type: string; payment: string; payload: string }

/** A line of the journal: something that happened, with all that it changed. */
export type Line = {
  /** Milliseconds since 1970. */
  at: number
  /** The request that did it. Its answer has no status when the connection was cut. */
  request?: {
    call?: Call
    method: string
    path: string
    key?: string
    status?: number
    isReplay?: true
    fault?: string
  }
  /** What changed, as it is from now on. */
  objects?: Kept[]
  saved?: Saved
  later?: Later[]
  events?: Event[]
  /** The ids of what was to happen later, and has, and of events that were delivered or given up. */
  done?: string[]
  /** Where events are sent to from now on. */
  webhook?: string
  /** All idempotency keys were forgotten, as Stripe does after a day. */
  isForgotten?: true
}

/** How long Stripe remembers an idempotency key, milliseconds. */
const KEY_MS = 24 * 3600 * 1000

/** Everything that the provider knows. What it knows it has from its journal, and so it knows the same after a restart. */
export class Book {
  readonly journal: Journal<Line>
  readonly objects = new Map<string, Kept>()
  readonly later = new Map<string, Later>()
  /** Events that are still to be delivered. */
  readonly events = new Map<string, Event>()
  webhook: string | undefined
  readonly #saved = new Map<string, Saved & { at: number }>()
  readonly #listeners: ((line: Line) => void)[] = []

  private constructor(journal: Journal<Line>) {
    this.journal = journal
    for (const line of journal.lines) this.#apply(line)
  }

  /** Opens the journal. Without a file nothing survives the process. */
  static async open(file: string | undefined): Promise<Book> {
    return new Book(await Journal.open<Line>(file))
  }

  /** Calls `listener` after each line that is added. */
  onLine(listener: (line: Line) => void): void {
    this.#listeners.push(listener)
  }

  /** Adds what happened now. It is true at once, and safe when `journal.flushed()` has resolved: nobody may be told before. */
  add(line: Omit<Line, 'at'>): void {
    const added = { at: Date.now(), ...line }
    this.#apply(added)
    this.journal.add(added)
    // When the disk takes no more this process ends, as it would say what nobody keeps.
    void this.journal.flushed()
    for (const listener of this.#listeners) listener(added)
  }

  intent(id: string): Intent | undefined {
    return this.#find('payment_intent', id)
  }

  charge(id: string | null): Charge | undefined {
    return id === null ? undefined : this.#find('charge', id)
  }

  refund(id: string): Refund | undefined {
    return this.#find('refund', id)
  }

  dispute(id: string): Dispute | undefined {
    return this.#find('dispute', id)
  }

  /** The payments of a status whose `metadata[transaction]` is this one, the newest first. */
  intentsOf(transaction: string, status: string): Intent[] {
    const all = [...this.objects.values()].filter((one) => one.object === 'payment_intent')
    return all.filter((one) => one.metadata['transaction'] === transaction && one.status === status).toReversed()
  }

  /** The refunds of a payment, the newest first. */
  refundsOf(payment: string): Refund[] {
    const all = [...this.objects.values()].filter((one) => one.object === 'refund')
    return all.filter((refund) => refund.payment_intent === payment).toReversed()
  }

  /** What a request with this key was answered within the last day. */
  savedAnswer(key: string): Saved | undefined {
    const saved = this.#saved.get(key)
    return saved && saved.at > Date.now() - KEY_MS ? saved : undefined
  }

  #find<T extends Kept>(kind: T['object'], id: string): T | undefined {
    const found = this.objects.get(id)
    return found?.object === kind ? (found as T) : undefined
  }

  #apply({ at, objects = [], saved, later = [], events = [], done = [], webhook, isForgotten }: Line) {
    for (const object of objects) this.objects.set(object.id, object)
    if (saved) this.#saved.set(saved.key, { ...saved, at })
    for (const one of later) this.later.set(one.id, one)
    for (const event of events) this.events.set(event.id, event)
    for (const id of done) {
      this.later.delete(id)
      this.events.delete(id)
    }
    if (webhook !== undefined) this.webhook = webhook
    if (isForgotten) this.#saved.clear()
  }
}

/** What an operation changes. It is collected, and then added to the book as one line. */
export class Changes {
  readonly #objects = new Map<string, Kept>()
  readonly #later: Later[] = []
  readonly #events: Event[] = []
  readonly #version: string
  constructor(version: string) {
    this.#version = version
  }

  /** Keeps an object as it is now. */
  put<T extends Kept>(object: T): T {
    this.#objects.set(object.id, object)
    return object
  }

  /** Sends an event with an object as it is now. */
  emit(type: string, object: Kept): void {
    const id = newId('evt')
    const body = {
      id,
      object: 'event',
      api_version: this.#version,
      created: seconds(),
      data: { object },
      livemode: false,
      pending_webhooks: 1,
      request: { id: null, idempotency_key: null },
      type,
    }
    const payment = object.object === 'payment_intent' ? object.id : object.payment_intent
    this.#events.push({ id, type, payment, payload: JSON.stringify(body, null, 2) })
  }

  /** Has something end by itself after `ms`. */
  endLater(what: Later['what'], object: string, end: Later['end'], ms: number): void {
    this.#later.push({ id: newId('later'), at: Date.now() + ms, what, object, end })
  }

  /** As members of a line. */
  get line(): Pick<Line, 'objects' | 'later' | 'events'> {
    return {
      ...(this.#objects.size > 0 && { objects: [...this.#objects.values()] }),
      ...(this.#later.length > 0 && { later: this.#later }),
      ...(this.#events.length > 0 && { events: this.#events }),
    }
  }
}
