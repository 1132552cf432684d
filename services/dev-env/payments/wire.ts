import type { IncomingMessage, ServerResponse } from 'node:http'

/** What the provider answers. */
export type Answer = { status: number; body: object; headers?: Record<string, string> }

/** The members of an error that Stripe's clients read. */
export type ErrorBody = {
  type: 'card_error' | 'invalid_request_error' | 'idempotency_error' | 'api_error'
  message: string
  code?: string
  decline_code?: string
  param?: string
  charge?: string
  payment_intent?: object
  payment_method?: object
}

/** A request that the provider does not do. */
export class Refused extends Error {
  readonly status: number
  readonly body: ErrorBody
  /** Whether it was refused before anything was done for it: then its idempotency key is still free. */
  readonly isEarly: boolean
  constructor(status: number, body: ErrorBody, isEarly = false) {
    super(body.message)
    this.status = status
    this.body = body
    this.isEarly = isEarly
  }
}

/** A parameter that is missing, unknown or wrong. */
export const badParameter = (param: string, message: string, code?: string) =>
  new Refused(400, { type: 'invalid_request_error', message, param, ...(code && { code }) }, true)

/** What a request refers to does not exist. */
export const missing = (what: string, id: string, param: string, status = 404) =>
  new Refused(status, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    message: `No such ${what}: '${id}'`,
    param,
  })

/** The error as an answer. */
export const errorAnswer = (status: number, error: ErrorBody, headers: Record<string, string> = {}): Answer => ({
  status,
  body: { error },
  headers,
})

/** Bytes of a request, at most. */
const MAX_BYTES = 64 * 1024

/** The body of a request. Rejects when it is too long. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_BYTES) throw new Error(`the request has more than ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

export function writeAnswer(response: ServerResponse, { status, body, headers = {} }: Answer) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

/** The parameters of a request: form-encoded, with members of objects and lists in brackets (`metadata[transaction]`, `types[0]`). */
export class Params {
  readonly #left: Map<string, string>
  constructor(text: string) {
    this.#left = new Map(new URLSearchParams(text))
  }

  text(name: string): string | undefined {
    const value = this.#left.get(name)
    this.#left.delete(name)
    return value
  }

  required(name: string): string {
    const value = this.text(name)
    if (!value) throw badParameter(name, `Missing required param: ${name}.`, 'parameter_missing')
    return value
  }

  /** A whole number of minor units, 1 or more. */
  amount(name: string): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    if (!/^\d{1,16}$/.test(value) || Number(value) < 1)
      throw badParameter(name, `Invalid integer: ${value}`, 'parameter_invalid_integer')
    return Number(value)
  }

  flag(name: string): boolean {
    return this.text(name) === 'true'
  }

  /** The members `name[member]`; of a list they are numbers or nothing. */
  members(name: string): Record<string, string> {
    const found = [...this.#left].filter(([key]) => key.startsWith(`${name}[`))
    for (const [key] of found) this.#left.delete(key)
    return Object.fromEntries(found.map(([key, value]) => [key.slice(name.length + 1, -1), value]))
  }

  /** Nothing may be left that nobody asked for: Stripe refuses what it does not know. */
  end(): void {
    const [unknown] = this.#left.keys()
    if (unknown !== undefined)
      throw badParameter(unknown, `Received unknown parameter: ${unknown}`, 'parameter_unknown')
  }
}
