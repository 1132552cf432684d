import type { Contract } from '#contracts/contract.ts'
import type { Comments } from './comments.ts'

/** What may be known of one `promptforge.error.v1.ErrorReason`, from its comment in the contract. */
export type ReasonDoc = {
  name: string
  /** The gRPC status that it comes with, `NOT_FOUND`. */
  code: Code
  /** The HTTP status over REST. */
  http: number
  /** When it comes. */
  when: string
  /** What the caller can do. */
  remedy: string
  /** What `ErrorInfo.metadata` has beside the request id; empty for nothing. */
  metadata: string
}

/** The HTTP status that Envoy's transcoder makes of each gRPC status. */
export const HTTP_STATUS = {
  CANCELLED: 499,
  UNKNOWN: 500,
  INVALID_ARGUMENT: 400,
  DEADLINE_EXCEEDED: 504,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  PERMISSION_DENIED: 403,
  UNAUTHENTICATED: 401,
  RESOURCE_EXHAUSTED: 429,
  FAILED_PRECONDITION: 400,
  ABORTED: 409,
  OUT_OF_RANGE: 400,
  UNIMPLEMENTED: 501,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  DATA_LOSS: 500,
} as const

/** The name of a gRPC status that is an error. */
export type Code = keyof typeof HTTP_STATUS

/** Whether a word is the name of such a status. */
export const isCode = (word: string): word is Code => word in HTTP_STATUS

const REASONS = 'promptforge.error.v1.ErrorReason'

// `CODE: when. Remedy: what to do. Metadata: what.`, and where the gateway answers with another HTTP status `CODE (HTTP 413): …`.
const FORM = /^([A-Z_]+)(?: \(HTTP (\d{3})\))?: (.+?) Remedy: (.+?)(?: Metadata: (.+))?$/

/** Every reason that is sent. Throws with all those whose comments lack a part. */
export function readReasons({ registry }: Pick<Contract, 'registry'>, comments: Comments): Map<string, ReasonDoc> {
  const reasons = registry.getEnum(REASONS)
  if (!reasons) throw new Error(`the descriptor set has no ${REASONS}: run \`npm run gen\``)
  const found = reasons.values
    .filter(({ number }) => number > 0)
    .map((value) => readReason(value.name, comments(value)))
  const mistakes = found.filter((one) => typeof one === 'string')
  if (mistakes.length > 0) throw new Error(mistakes.join('\n'))
  return new Map(found.filter((one) => typeof one !== 'string').map((reason) => [reason.name, reason]))
}

/** The reason, or what its comment lacks. */
function readReason(name: string, comment: string): ReasonDoc | string {
  const [, code = '', http, when = '', remedy = '', metadata = ''] = FORM.exec(comment) ?? []
  if (!isCode(code)) {
    return `${REASONS}.${name} is not described: write \`// CODE: when it comes.\` before it, and \`// Remedy: what the caller can do.\``
  }
  return { name, code, http: Number(http ?? HTTP_STATUS[code]), when: capital(when), remedy: capital(remedy), metadata }
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
