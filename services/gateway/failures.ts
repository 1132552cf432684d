import { status } from '@grpc/grpc-js'
import {
  AppError,
  deadlineExceeded,
  internal,
  rejected,
  requestTooLarge,
  unauthenticated,
  unavailable,
} from '#chassis/errors.ts'
import { tokenMissing } from '#chassis/grpc/access.ts'
import { MAX_MESSAGE_BYTES } from '#contracts/request-size.ts'
import type { Exposed } from './exposed.ts'
import { REQUEST_SECONDS } from './render/connections.ts'
import { REFUSED_HEADERS } from './render/refused-headers.ts'
import { ownLimits, routeName } from './render/request-sizes.ts'

/** One way in which the gateway itself refuses a request, or fails. */
export type Failure = {
  /** When: a CEL expression over Envoy's `response`. */
  when: string
  /** The message for the caller. */
  error: AppError
  /** The message for a gRPC caller, where that differs. */
  grpc?: AppError
  /** The HTTP status, where Envoy's own does not fit. */
  http?: number
  /** It comes before the request gets its id: the answer makes one. */
  unnamed?: boolean
  /** Envoy's own words are the message, for they say what is wrong with the request. */
  explains?: boolean
}

const code = (value: number) => `response.code == ${value}`
const details = (part: string) => `response.code_details.contains('${part}')`

// Refused while it is read (a slash in an id, a header that is too large), or because the gateway is at its limit.
const UNNAMED = "!('x-request-id' in request.headers)"

const tokenInvalid = unauthenticated(
  'TOKEN_INVALID',
  'the access token is malformed, expired, or not for this API: sign in again',
)
const pathUnknown = new AppError(status.NOT_FOUND, 'PATH_UNKNOWN', 'there is no such path or method')
const methodUnknown = new AppError(status.UNIMPLEMENTED, 'METHOD_UNKNOWN', 'there is no such method')
const limited = new AppError(
  status.RESOURCE_EXHAUSTED,
  'RATE_LIMITED',
  'too many requests: wait, then repeat the request',
)
const unknownField = new AppError(
  status.INVALID_ARGUMENT,
  'UNKNOWN_FIELD',
  'the request has a field that the contract does not have',
)
const unreadable = rejected('the gateway cannot read this request')

const tooSlow = new AppError(
  status.DEADLINE_EXCEEDED,
  'DEADLINE_EXCEEDED',
  `the request did not arrive within ${REQUEST_SECONDS} s: send it again`,
)

/** Every way, the first that fits counts. The last two leave nothing over. */
export const failures = (methods: Exposed[]): Failure[] => [
  // 501: the body has an unknown transfer encoding.
  { when: `${UNNAMED} && (response.code < 500 || ${code(501)})`, error: unreadable, unnamed: true },
  { when: UNNAMED, error: unavailable('the gateway'), unnamed: true },
  { when: details('Jwt_is_missing'), error: tokenMissing() },
  // The second check, by method, behind the transcoder.
  { when: details('rbac_access_denied'), error: tokenMissing(), http: 401 },
  // Envoy answers 401 when it has no keys to check a token with, which is no fault of the token.
  { when: details('Jwks_remote_fetch_is_failed'), error: unavailable('the key set'), http: 503 },
  { when: details('jwt_authn_access_denied'), error: tokenInvalid, http: 401 },
  { when: details('request_overall_timeout'), error: tooSlow },
  { when: details('max_duration_timeout'), error: deadlineExceeded(), http: 504 },
  { when: `${code(400)} && ${details('transcode')}`, error: unreadable, explains: true },
  // body-fields.lua, which says by its status which of the two it is.
  { when: `${code(422)} && ${details('lua_response')}`, error: unknownField, http: 400, explains: true },
  { when: details('lua_response'), error: unreadable, explains: true },
  ...REFUSED_HEADERS.map(({ routeName, error }) => ({
    when: `${code(404)} && xds.route_name == '${routeName}'`,
    error,
    http: 400,
  })),
  { when: code(404), error: pathUnknown, grpc: methodUnknown },
  ...ownLimits(methods).map((bytes) => ({
    when: `${code(413)} && xds.route_name == '${routeName(bytes)}'`,
    error: requestTooLarge(bytes),
  })),
  { when: code(413), error: requestTooLarge(MAX_MESSAGE_BYTES) },
  { when: code(429), error: limited },
  { when: code(504), error: deadlineExceeded() },
  { when: `${code(502)} || ${code(503)}`, error: unavailable('the service') },
  { when: 'response.code >= 500', error: internal(undefined) },
  { when: 'response.code >= 400', error: unreadable },
]
