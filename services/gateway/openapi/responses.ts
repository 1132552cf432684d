import { LONGEST_STREAM_MS, type Method } from '#contracts/contract.ts'
import type { Example } from './examples.ts'
import { failuresOf, type Failing, type MethodDoc } from './failures-of.ts'
import { type Json, present } from './json.ts'
import type { Sources } from './operations.ts'
import type { Schemas } from './schemas.ts'

const HTTP_BODY = 'google.api.HttpBody'

const REQUEST_ID = { 'X-Request-Id': { $ref: '#/components/headers/X-Request-Id' } }
const LIMITS = {
  'X-RateLimit-Limit': { $ref: '#/components/headers/X-RateLimit-Limit' },
  'X-RateLimit-Remaining': { $ref: '#/components/headers/X-RateLimit-Remaining' },
  'X-RateLimit-Reset': { $ref: '#/components/headers/X-RateLimit-Reset' },
}
const ETAG = { ETag: { $ref: '#/components/headers/ETag' } }
const RETRY_AFTER = { 'Retry-After': { $ref: '#/components/headers/Retry-After' } }

/** Headers of answers, for `components`. */
export const HEADERS: Json = {
  'X-Request-Id': {
    description: 'The name of the request. Every error has it in its metadata, too; we find it in the logs.',
    schema: { type: 'string' },
  },
  'X-RateLimit-Limit': {
    description: 'Requests that the tightest limit of the caller allows in a burst.',
    schema: { type: 'integer' },
  },
  'X-RateLimit-Remaining': { description: 'Requests that are left of it.', schema: { type: 'integer' } },
  'X-RateLimit-Reset': { description: 'Seconds until there are more again.', schema: { type: 'integer' } },
  'Retry-After': { description: 'Seconds after which the same request may succeed.', schema: { type: 'integer' } },
  ETag: {
    description: 'The revision of what was read, for `If-None-Match` of the next request.',
    schema: { type: 'string' },
  },
}

/** What a method answers when all is well: 200, and 304 where it has an ETag. */
export function goodResponse(method: Method, schemas: Schemas, examples: Example[]): Json {
  const headers = { ...REQUEST_ID, ...LIMITS, ...(method.etag && ETAG) }
  const content = { [contentTypeOf(method)]: media(method, schemas, examples) }
  return {
    200: { description: describe(method), headers, content },
    ...(method.etag && { 304: { description: 'It has not changed.', headers } }),
  }
}

function contentTypeOf({ output, serverStreaming, contentType }: Method): string {
  if (output.typeName === HTTP_BODY) return contentType
  return serverStreaming ? 'text/event-stream' : 'application/json'
}

function describe({ output, serverStreaming, deadlineMs }: Method): string {
  if (output.typeName === HTTP_BODY) return serverStreaming ? 'The file.' : 'The document.'
  const minutes = (deadlineMs ?? LONGEST_STREAM_MS) / 60_000
  return serverStreaming
    ? `Server-sent events. The \`data\` of each is one JSON text, as \`x-event-schema\` says. The stream lasts ${minutes} minutes at most.`
    : 'Done.'
}

function media({ output, serverStreaming }: Method, schemas: Schemas, examples: Example[]): Json {
  const good = examples.filter(({ status }) => status === 200)
  const isRaw = output.typeName === HTTP_BODY
  return present({
    schema:
      isRaw || serverStreaming
        ? { type: isRaw && !serverStreaming ? ['object', 'string'] : 'string' }
        : schemas.of(output, 'response'),
    'x-event-schema': serverStreaming && !isRaw ? schemas.of(output, 'response') : undefined,
    examples: named(good),
  })
}

/** The answers to calls that fail, by HTTP status: which reasons there are, and when they come. */
export function failedResponses(method: Method, doc: MethodDoc, { reasons }: Sources, examples: Example[]): Json {
  const byStatus = Map.groupBy(failuresOf(method, doc, reasons), ({ reason }) => reason.http)
  const late = byStatus.get(504)
  // The gateway says so itself when the request did not arrive in time.
  if (late) byStatus.set(408, late)
  return Object.fromEntries(
    [...byStatus]
      .sort(([a], [b]) => a - b)
      .map(([status, failing]) => [status, failedResponse(status, failing, examples)]),
  )
}

function failedResponse(status: number, failing: Failing[], examples: Example[]): Json {
  const mayRepeat = status === 429 || status === 503 || status === 409
  return {
    description: failing.map(inWords).join('\n'),
    headers: { ...REQUEST_ID, ...(mayRepeat && RETRY_AFTER) },
    content: {
      'application/json': present({
        schema: { $ref: '#/components/schemas/ErrorResponse' },
        examples: named(examples.filter((one) => one.status === status)),
      }),
    },
    'x-error-reasons': failing.map(({ reason }) => reason.name),
  }
}

/** A reason as an item of a list; what the method says of it without the status that it begins with. */
function inWords({ reason, notes }: Failing): string {
  const here = notes.map((note) => note.replace(/^[A-Z_]+(?: and [A-Z_]+)*,?\s*/, '')).filter(Boolean)
  return [
    `* [\`${reason.name}\`](/docs/errors#${reason.name}): ${reason.when}`,
    ...here.map((note) => `  Here: ${note}.`),
  ].join('\n')
}

const named = (examples: Example[]): Json | undefined =>
  examples.length > 0 ? Object.fromEntries(examples.map(({ name, answer }) => [name, { value: answer }])) : undefined
