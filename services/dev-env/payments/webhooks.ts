import { createHmac } from 'node:crypto'
import { pause } from '#chassis/pause.ts'
import type { Book, Event, Line } from './book.ts'
import type { Orders } from './orders.ts'
import { seconds } from './objects.ts'

/** Milliseconds for an answer. */
const ANSWER_MS = 5000

/** How often an event is sent that nobody takes, and the milliseconds between: twice as many each time, up to the most. */
const ATTEMPTS = 100
const FIRST_MS = 200
const MOST_MS = 10_000

/** The header that Stripe signs an event's bytes with, at this second. */
export function signatureOf(payload: string, secret: string, at = seconds()): string {
  const signature = createHmac('sha256', secret).update(`${at}.${payload}`).digest('hex')
  return `t=${at},v1=${signature}`
}

/** Sends every event to the webhook until it is taken (2xx). Events of a time without a webhook are not sent. */
export function sendEvents(book: Book, orders: Orders, secret: string): { stop(): void } {
  const stopping = new AbortController()
  const { signal } = stopping
  const start = (event: Event) => {
    const transaction = book.intent(event.payment)?.metadata['transaction']
    const order = orders.take({ call: 'webhook', payments: [event.payment, transaction], event: event.type })
    const { copies = 1, beforeMs = 0 } = order
    void (async () => {
      await book.journal.flushed()
      if (beforeMs > 0) await pause(beforeMs, signal)
      for (let copy = 0; copy < copies && !signal.aborted; copy++) await deliver(event)
      if (!signal.aborted) book.add({ done: [event.id] })
    })()
  }
  const deliver = async (event: Event) => {
    for (let attempt = 0; attempt < ATTEMPTS && !signal.aborted; attempt++) {
      if (await isTaken(event)) return
      await pause(Math.min(FIRST_MS * 2 ** attempt, MOST_MS), signal)
    }
  }
  const isTaken = async ({ payload }: Event): Promise<boolean> => {
    if (book.webhook === undefined) return false
    try {
      const answer = await fetch(book.webhook, {
        method: 'POST',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'stripe-signature': signatureOf(payload, secret),
        },
        body: payload,
        redirect: 'error',
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
      })
      await answer.body?.cancel()
      return answer.ok
    } catch {
      return false
    }
  }
  for (const event of book.events.values()) start(event)
  book.onLine(({ events = [] }: Line) => {
    if (events.length === 0) return
    if (book.webhook === undefined) book.add({ done: events.map(({ id }) => id) })
    else for (const event of events) start(event)
  })
  return { stop: () => stopping.abort() }
}
