import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { type Book, Changes } from './book.ts'
import { closeDispute, openDispute } from './disputes.ts'
import { existing } from './intents.ts'
import type { Orders } from './orders.ts'
import { API_VERSION } from './serve.ts'
import { readBody, Refused, writeAnswer } from './wire.ts'

const slow = z.strictObject({ ms: z.int().min(0), end: z.enum(['succeeded', 'failed']) })

const ordersFormat = z.array(
  z.strictObject({
    call: z
      .enum([
        'create',
        'confirm',
        'retrieve',
        'search',
        'cancel',
        'refund',
        'retrieve-refund',
        'list-refunds',
        'webhook',
      ])
      .optional(),
    payment: z.string().optional(),
    event: z.string().optional(),
    times: z.int().min(0).optional(),
    beforeMs: z.int().min(0).optional(),
    afterMs: z.int().min(0).optional(),
    break: z.enum(['cut-before', 'cut-after', '500-before', '500-after', '429']).optional(),
    slow: slow.optional(),
    takes: z.int().min(1).optional(),
    copies: z.int().min(0).max(100).optional(),
  }),
)

/**
 * Answers what is not Stripe's, but for tests: `PUT /control/orders` (a list of orders, which replaces the one before), `PUT /control/webhook`
 * ({url}), `POST /control/disputes` ({payment}), `POST /control/disputes/<id>` ({status: won or lost}), `POST /control/keys` (forgets all
 * idempotency keys) and `GET /control/journal` (all lines).
 */
export async function serveControl(
  book: Book,
  orders: Orders,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = '', url = '' } = request
  const body = (await readBody(request)) || '{}'
  try {
    const answer = control(book, orders, `${method} ${url}`, JSON.parse(body))
    await book.journal.flushed()
    writeAnswer(response, { status: 200, body: answer })
  } catch (error) {
    if (!(error instanceof Refused || error instanceof z.ZodError || error instanceof SyntaxError)) throw error
    writeAnswer(response, { status: 400, body: { error: { message: error.message } } })
  }
}

function control(book: Book, orders: Orders, what: string, body: unknown): object {
  const [, dispute] = /^POST \/control\/disputes\/(\w+)$/.exec(what) ?? []
  if (dispute !== undefined) {
    const { status } = z.strictObject({ status: z.enum(['won', 'lost']) }).parse(body)
    return change(book, (changes) => closeDispute(changes, book, dispute, status))
  }
  switch (what) {
    case 'GET /control/journal':
      return book.journal.lines
    case 'PUT /control/orders':
      orders.give(ordersFormat.parse(body))
      return {}
    case 'PUT /control/webhook':
      book.add({ webhook: z.strictObject({ url: z.url() }).parse(body).url })
      return {}
    case 'POST /control/keys':
      book.add({ isForgotten: true })
      return {}
    case 'POST /control/disputes': {
      const { payment } = z.strictObject({ payment: z.string() }).parse(body)
      return change(book, (changes) => openDispute(changes, book, existing(book, payment).latest_charge ?? ''))
    }
    default:
      throw new Refused(404, { type: 'invalid_request_error', message: `there is no ${what}` })
  }
}

function change<T>(book: Book, operation: (changes: Changes) => T): T {
  const changes = new Changes(API_VERSION)
  const done = operation(changes)
  book.add(changes.line)
  return done
}
