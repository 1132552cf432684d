import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Book, Changes, type Saved } from './book.ts'
import { prepare, type Route, routeOf } from './calls.ts'
import { newId } from './objects.ts'
import type { Break, Order, Orders } from './orders.ts'
import { type Answer, errorAnswer, Params, readBody, Refused, writeAnswer } from './wire.ts'

/** The version of Stripe's API that it speaks. Requests must name it. */
export const API_VERSION = '2026-10-28.endive'

/** The only key that it takes; milliseconds until what happens some time later. */
export type ServeOptions = { key: string; laterMs: number }

type Asked = { route: Route; method: string; path: string; text: string; key: string | undefined }

/** Answers requests of Stripe's API. Whatever an answer tells is on the disk before. */
export function serveApi(book: Book, orders: Orders, { key: apiKey, laterMs }: ServeOptions) {
  const running = new Set<string>()

  /** Does the work, as far as the order lets it, and notes it. Undefined: the connection is to be cut. */
  const work = (asked: Asked, order: Order): Answer | undefined => {
    const { key, route, method, path } = asked
    const print = createHash('sha256').update(`${method} ${path}\n${asked.text}`).digest('base64')
    const changes = new Changes(API_VERSION)
    const saved = key === undefined ? undefined : book.savedAnswer(key)
    const result = saved ? replay(saved, print) : perform(asked, order, changes)
    const isSaved = key !== undefined && !saved && result.isFinal
    const isCut = order.break === 'cut-before' || order.break === 'cut-after'
    const { status, body } = result.answer
    book.add({
      request: {
        call: route.call,
        method,
        path,
        ...(key !== undefined && { key }),
        ...(!isCut && { status }),
        ...(saved && { isReplay: true as const }),
        ...(order.break && { fault: order.break }),
      },
      ...changes.line,
      ...(isSaved && { saved: { key, print, status, body } }),
    })
    return isCut ? undefined : result.answer
  }

  const perform = ({ route, path, text }: Asked, order: Order, changes: Changes): Result => {
    const early = brokenBefore(order.break)
    if (early) return early
    try {
      const [, query = ''] = path.split('?')
      const done = prepare(route, new Params(text || query), book, { laterMs, slow: order.slow, takes: order.takes })(
        changes,
      )
      return order.break === '500-after' ? failed : { answer: { status: 200, body: done }, isFinal: true }
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      if (order.break === '500-after' && !error.isEarly) return failed
      return { answer: errorAnswer(error.status, error.body), isFinal: !error.isEarly }
    }
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const asked = await read(request, apiKey)
    const { key, route } = asked
    if (key !== undefined && running.has(key)) {
      book.add({ request: { call: route.call, method: asked.method, path: asked.path, key, status: 409 } })
      throw inUse()
    }
    if (key !== undefined) running.add(key)
    try {
      const order = orders.take({ call: route.call, payments: paymentsOf(asked, book) })
      if (order.beforeMs) await sleep(order.beforeMs, undefined, { ref: false })
      const answered = work(asked, order)
      await book.journal.flushed()
      if (order.afterMs) await sleep(order.afterMs, undefined, { ref: false })
      if (answered) writeAnswer(response, withHeaders(answered))
      else response.destroy()
    } finally {
      if (key !== undefined) running.delete(key)
    }
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      await answer(request, response)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      writeAnswer(response, withHeaders(errorAnswer(error.status, error.body)))
    }
  }
}

/** An answer, and whether the request with the same key gets it again. */
type Result = { answer: Answer; isFinal: boolean }

const failed: Result = {
  answer: errorAnswer(
    500,
    { type: 'api_error', message: 'An unknown error occurred.' },
    { 'stripe-should-retry': 'false' },
  ),
  isFinal: true,
}

function brokenBefore(how: Break | undefined): Result | undefined {
  switch (how) {
    case '500-before':
      return failed
    case '429':
      return {
        answer: errorAnswer(429, { type: 'invalid_request_error', code: 'rate_limit', message: 'Too many requests.' }),
        isFinal: false,
      }
    case 'cut-before':
      return { answer: { status: 0, body: {} }, isFinal: false }
    case 'cut-after':
    case '500-after':
    case undefined:
      return undefined
  }
}

function replay(saved: Saved, print: string): Result {
  if (saved.print !== print)
    return {
      answer: errorAnswer(400, {
        type: 'idempotency_error',
        message: `The idempotency key ${saved.key} was first used with other parameters.`,
      }),
      isFinal: false,
    }
  const { status, body } = saved
  return { answer: { status, body, headers: { 'idempotent-replayed': 'true' } }, isFinal: false }
}

const inUse = () =>
  new Refused(409, {
    type: 'idempotency_error',
    code: 'idempotency_key_in_use',
    message: 'Another request with this idempotency key is in progress.',
  })

async function read(request: IncomingMessage, apiKey: string): Promise<Asked> {
  const { method = '', url = '', headers } = request
  const text = await readBody(request)
  const [, given = ''] = /^Bearer (.+)$/.exec(headers.authorization ?? '') ?? []
  // Stripe shows the beginning and the end of a key that it refuses.
  const shown = `${given.slice(0, 8)}***${given.slice(-4)}`
  if (given !== apiKey)
    throw new Refused(401, { type: 'invalid_request_error', message: `Invalid API Key provided: ${shown}` })
  const version = headers['stripe-version']
  if (version !== API_VERSION)
    throw new Refused(400, { type: 'invalid_request_error', message: `Invalid Stripe API version: ${String(version)}` })
  const key = method === 'POST' ? (headers['idempotency-key'] as string | undefined) : undefined
  return { route: routeOf(method, url.split('?')[0]!), method, path: url, text, key }
}

/** The ids by which an order may name the payment of a request. */
function paymentsOf({ route, text, path }: Asked, book: Book): (string | undefined)[] {
  const params = new URLSearchParams(text || path.split('?')[1])
  const id = book.refund(route.id)?.payment_intent ?? params.get('payment_intent') ?? route.id
  return [id, book.intent(id)?.metadata['transaction'] ?? params.get('metadata[transaction]') ?? undefined]
}

const withHeaders = ({ status, body, headers }: Answer): Answer => ({
  status,
  body,
  headers: { 'request-id': newId('req'), 'stripe-version': API_VERSION, ...headers },
})
