import type { Metadata } from '@grpc/grpc-js'
import type { EntityManager } from '@mikro-orm/postgresql'
import { type Contract, type Method, takesRequestId } from '#contracts/contract.ts'
import { auditedWork } from '../audit.ts'
import type { Sql } from '../db/statements.ts'
import type { Store } from '../db/store.ts'
import type { Work } from '../db/transaction.ts'
import type { Violation } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics.ts'
import type { Context, Tracing } from '../trace.ts'
import {
  accountClosed,
  checkPolicy,
  closedToKeys,
  type Account,
  currentAccount,
  keyRevoked,
  standsForUser,
  tokenMissing,
} from './access.ts'
import type { Call, Origin, Rpc } from './call.ts'
import { idempotencyKey } from './idempotency-key.ts'
import type { Peer, ServerCall } from './peer.ts'
import { createTextReader } from './read-texts.ts'
import { addressOf, bearerToken, checkOriginalQuery, checkSize, header, readHeaders } from './request.ts'
import type { Caller, VerifyToken } from './tokens.ts'
import { createRequestCheck, malformed, userRefs } from './validation.ts'
import { checkShape } from './wire-shape.ts'

/** What a gRPC server needs of its service. */
export type ServerParts = {
  contract: Contract
  log: Logger
  metrics: Metrics
  tracing: Tracing
  verifyToken: VerifyToken
  /** Reads a caller's present role and status. */
  checkCaller(caller: Caller, origin: Origin): Promise<Account>
  /**
   * Whether this user's account was closed lately: then a valid token is no longer good for changing anything. Or whether this API key
   * was revoked lately: then a token that was made from it is good for nothing.
   */
  isClosed(userOrKeyId: string): boolean
  peerOf(call: ServerCall): Peer
  /** The service's database: an EntityManager of one's own, and its prepared statements. */
  database: Pick<Store, 'fork' | 'sql' | 'transaction'>
  /** Called after each call that may have written something. */
  onWrite(): void
}

/** A request as the wire brought it, until it is admitted. */
export type Incoming = { wire: Buffer; message: unknown; violations?: Violation[]; failure?: unknown }

/**
 * Reads a request but keeps its bytes; `admit` refuses what is too large to be read, or cannot be, with our own error. Texts are read as
 * the contract says: where that changes one, the bytes are those of the message with it.
 */
export function receive(contract: Contract, rpc: Rpc, method: Method): (wire: Buffer) => Incoming {
  const readTexts = createTextReader(contract, method.input)
  return (wire) => {
    try {
      checkSize(method, wire)
      checkShape(method.input, wire)
    } catch (failure) {
      return { wire, message: undefined, failure }
    }
    try {
      const message: unknown = rpc.requestDeserialize(wire)
      if (!readTexts) return { wire, message }
      const { isChanged, violations } = readTexts(message)
      return { wire: isChanged ? rpc.requestSerialize(message) : wire, message, violations }
    } catch {
      return { wire, message: undefined, failure: malformed(method.input.typeName) }
    }
  }
}

/** Lets a call in, or throws why not. */
export type Admit = (call: ServerCall, begun: Begun) => Promise<{ request: unknown; call: Call }>

/** What is known of a call as soon as it arrives. */
export type Begun = {
  requestId: string
  trace: Context
  signal: AbortSignal
  /** What the handler sets here is sent before the answer. */
  headers: Metadata
}

/**
 * Everything that stands between the wire and a handler, in this order: a token that was sent must be good, and for a method that
 * changes something its user's account open; the API key that it was made from must not be revoked, and have the scope of the method; the
 * policy must allow the caller; the request must keep the contract's rules; `me` becomes the caller's id.
 */
export function createAdmission(parts: ServerParts, method: Method, rpc: Rpc): Admit {
  const { contract, verifyToken, peerOf, database } = parts
  const checkRequest = createRequestCheck(contract, method.input)
  const refs = userRefs(contract, method.input)
  const isRepeatable = takesRequestId(method)

  return async (call, begun) => {
    const { requestId, trace } = begun
    const peer = peerOf(call)
    const token = bearerToken(call.metadata)
    const bearer = token === undefined ? undefined : await verifyToken(token)
    if (bearer && !method.readOnly && parts.isClosed(bearer.userId)) throw accountClosed()
    if (bearer?.apiKey && parts.isClosed(bearer.apiKey.id)) throw keyRevoked()
    const caller = bearer && standsForUser(method, bearer) ? bearer : undefined
    const callerMissing = bearer ? closedToKeys : tokenMissing
    const inherited = { call, token: caller?.token }
    const address = addressOf(call, peer)
    const by = { userId: caller?.userId, address, userAgent: header(call.metadata, 'user-agent') ?? '' }
    const duty = method.audited === undefined ? undefined : { action: method.audited, isDone: false }
    const origin: Origin = { service: peer.service, address, requestId, trace, inherited, by, duty }
    const readAccount = () => {
      if (!caller) throw callerMissing()
      return parts.checkCaller(caller, origin)
    }
    await checkPolicy(method, { peer, caller, readAccount })
    checkOriginalQuery(method, call.metadata, peer)
    const { wire, message, violations, failure } = call.request as Incoming
    if (failure) throw failure
    checkRequest(wire, violations)
    const request = withCallerFor(refs, message as Record<string, unknown>, caller?.userId, callerMissing)
    const key = isRepeatable && caller ? idempotencyKey(rpc, request, caller.userId, call.metadata) : undefined
    const headers = readHeaders(method, call.metadata)
    return { request, call: createCall({ caller, database, origin, headers, idempotencyKey: key, readAccount, begun }) }
  }
}

type CallParts = Pick<Call, 'origin' | 'headers' | 'idempotencyKey'> & {
  caller: Caller | undefined
  database: ServerParts['database']
  readAccount: () => Promise<Account>
  begun: Begun
}

// The compiler has seen to it that handlers use only what there is: a caller where the policy demands one, a database that has `sql`.
const createCall = (parts: CallParts): Call => new AdmittedCall(parts)

// A class, for a getter on the prototype: in a literal it costs as much as the rest of admission.
class AdmittedCall implements Call {
  readonly caller: Caller
  readonly sql: Sql
  readonly origin: Origin
  readonly headers: Call['headers']
  readonly idempotencyKey: Call['idempotencyKey']
  readonly signal: AbortSignal
  readonly #parts: CallParts
  #em: EntityManager | undefined

  constructor(parts: CallParts) {
    this.caller = parts.caller as Caller
    this.sql = parts.database.sql as Sql
    this.origin = parts.origin
    this.headers = parts.headers
    this.idempotencyKey = parts.idempotencyKey
    this.signal = parts.begun.signal
    this.#parts = parts
  }

  get em(): EntityManager {
    this.#em ??= this.#parts.database.fork!()
    return this.#em
  }

  transaction = <T>(work: Work<T>) => this.#parts.database.transaction!(this.origin, auditedWork(this.origin, work))

  setHeader = (name: string, value: string) => this.#parts.begun.headers.set(name, value)

  currentAccount = () => currentAccount(this.#parts.readAccount)
}

function withCallerFor(
  refs: string[],
  message: Record<string, unknown>,
  callerId: string | undefined,
  callerMissing: () => Error,
) {
  const named = refs.filter((field) => namesCaller(message[field]))
  if (named.length === 0) return message
  const resolve = (value: unknown) => {
    if (value !== 'me') return value
    if (callerId === undefined) throw callerMissing()
    return callerId
  }
  const resolved = named.map((field) => {
    const value = message[field]
    return [field, Array.isArray(value) ? value.map(resolve) : resolve(value)]
  })
  return { ...message, ...Object.fromEntries(resolved) }
}

const namesCaller = (value: unknown) => value === 'me' || (Array.isArray(value) && value.includes('me'))
