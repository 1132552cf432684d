import type { Book, Call, Changes } from './book.ts'
import { cancelIntent, confirmIntent, createIntent, existing, searchIntents, type Surroundings } from './intents.ts'
import { createRefund, listRefunds, retrieveRefund } from './refunds.ts'
import { type Params, Refused } from './wire.ts'

/** A call, and the id in its path. */
export type Route = { call: Call; id: string }

const ROUTES: [string, RegExp, Call][] = [
  ['POST', /^\/v1\/payment_intents()$/, 'create'],
  ['GET', /^\/v1\/payment_intents\/search()$/, 'search'],
  ['GET', /^\/v1\/payment_intents\/(\w+)$/, 'retrieve'],
  ['POST', /^\/v1\/payment_intents\/(\w+)\/confirm$/, 'confirm'],
  ['POST', /^\/v1\/payment_intents\/(\w+)\/cancel$/, 'cancel'],
  ['POST', /^\/v1\/refunds()$/, 'refund'],
  ['GET', /^\/v1\/refunds()$/, 'list-refunds'],
  ['GET', /^\/v1\/refunds\/(\w+)$/, 'retrieve-refund'],
]

/** The call that a request is. Throws when Stripe has no such call, or nobody here needs it. */
export function routeOf(method: string, path: string): Route {
  for (const [verb, pattern, call] of ROUTES) {
    const found = verb === method ? pattern.exec(path) : null
    if (found) return { call, id: found[1]! }
  }
  throw new Refused(
    404,
    { type: 'invalid_request_error', message: `Unrecognized request URL (${method}: ${path}).` },
    true,
  )
}

/** Reads the parameters of a call, and answers with what does it. What is wrong with the parameters is thrown here, the rest there. */
export function prepare(
  { call, id }: Route,
  params: Params,
  book: Book,
  around: Surroundings,
): (changes: Changes) => object {
  switch (call) {
    case 'create':
      return createIntent(params)
    case 'confirm':
      return confirmIntent(params, book, id, around)
    case 'cancel':
      return cancelIntent(params, book, id)
    case 'refund':
      return createRefund(params, book, around)
    case 'retrieve':
      params.end()
      return () => existing(book, id)
    case 'search':
      return searchIntents(params, book)
    case 'retrieve-refund':
      return () => retrieveRefund(params, book, id)
    case 'list-refunds':
      return () => listRefunds(params, book)
  }
}
