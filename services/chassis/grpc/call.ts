import type { EntityManager } from '@mikro-orm/postgresql'
import type { MethodDefinition } from '@grpc/grpc-js'
import type { Context } from '../trace.ts'
import type { IdempotencyKey } from '../db/idempotency.ts'
import type { Sql } from '../db/statements.ts'
import type { Present } from './access.ts'
import type { ServerCall } from './peer.ts'
import type { Caller } from './tokens.ts'

/** Where a call came from, and what goes on with the calls that it causes. */
export type Origin = {
  /** The calling service, by its certificate: `gateway`, `client`, `prompt`; undefined when it is not of this mesh. */
  service: string | undefined
  /** The IP address of the person's client. */
  address: string
  /** Names the request in logs and errors, through all services. */
  requestId: string
  /** For `forward` alone: deadline, cancellation, token and trace of this call. */
  inherited: { call: ServerCall; token: string | undefined; trace: Context }
}

/** What a handler gets beside the request, when a caller may be anyone. */
export type PublicCall = {
  /** The signed-in user; undefined without a token. */
  caller: Caller | undefined
  /** An EntityManager of this call's own, made when first used. */
  readonly em: EntityManager
  /** Runs a named, prepared statement in one round trip. */
  sql: Sql
  origin: Origin
  /** The request headers that the method asks for in the contract, by their lower-case names; undefined when absent. */
  headers: Readonly<Record<string, string | undefined>>
  /** The caller's `request_id`, with what it stands for; undefined when none was sent. */
  once: IdempotencyKey | undefined
  /** Aborted when the caller goes away or the deadline passes. A stream handler that waits for something passes it on. */
  signal: AbortSignal
  /** Sends a header before the answer (over REST an HTTP header). A stream's headers go before its first message. */
  setHeader(name: string, value: string): void
  /** The caller's role and status as they are now. Throws UNAUTHENTICATED when the account is closed. */
  presentRole(): Promise<Present>
}

/** What a handler gets beside the request, when the policy demands a signed-in user. */
export type Call = PublicCall & { caller: Caller }

/** A unary RPC. One that declares PublicCall may be called without a user. */
export type Handler<Request, Response> = (request: Request, call: Call) => Promise<Response>

/** What the handler of a stream gets beside that. */
export type Streaming<C> = C & {
  /** Aborted when the server shuts down: say the last message, with which the caller comes again elsewhere, and return. */
  draining: AbortSignal
}

/** A server-streaming RPC: what it yields is sent, at the pace at which the client reads. */
export type StreamHandler<Request, Response> = (request: Request, call: Streaming<Call>) => AsyncIterable<Response>

/** ts-proto's description of one RPC. */
export type Rpc = MethodDefinition<any, any>

/** ts-proto's description of a service: `PromptServiceService`. */
export type RpcService = Record<string, Rpc>

/** The request of an RPC. */
export type RequestOf<R extends Rpc> = ReturnType<R['requestDeserialize']>

/** The response of an RPC. */
export type ResponseOf<R extends Rpc> = ReturnType<R['responseDeserialize']>

/** The table of a service: a handler for each RPC, none missing and none too many. */
export type Handlers<S extends RpcService> = {
  [K in keyof S]: S[K]['responseStream'] extends true
    ? StreamHandler<RequestOf<S[K]>, ResponseOf<S[K]>>
    : Handler<RequestOf<S[K]>, ResponseOf<S[K]>>
}
