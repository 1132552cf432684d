import type { EntityManager } from '@mikro-orm/postgresql'
import type { MethodDefinition } from '@grpc/grpc-js'
import type { Cause } from '../cause.ts'
import type { IdempotencyKey } from '../db/idempotency.ts'
import type { Sql } from '../db/statements.ts'
import type { Work } from '../db/transaction.ts'
import type { AnyonePath } from '#contracts/gen/anyone.ts'
import type { Account } from './access.ts'
import type { ServerCall } from './peer.ts'
import type { Caller } from './tokens.ts'

/** Where a call came from, and what goes on with the calls and events that it causes. */
export type Origin = Cause & {
  /** The calling service, by its certificate: `gateway`, `client`, `prompt`; undefined when it is not of this mesh. */
  service: string | undefined
  /** The IP address of the person's client. */
  address: string
  /** For `forward` alone: deadline, cancellation and token of this call. */
  inherited: { call: ServerCall; token: string | undefined }
}

/** What a handler gets in addition to the request when anyone may call, whatever database its service has. */
export type PlainCall = {
  /** The signed-in user; undefined without a token. */
  caller: Caller | undefined
  origin: Origin
  /** The request headers that the method asks for in the contract, by their lower-case names; undefined when absent. */
  headers: Readonly<Record<string, string | undefined>>
  /** The caller's `request_id`, with what it stands for; undefined when none was sent. */
  idempotencyKey: IdempotencyKey | undefined
  /** Aborted when the caller goes away or the deadline passes. A stream handler that waits for something passes it on. */
  signal: AbortSignal
  /** Sends a header before the answer (over REST an HTTP header). A stream's headers go before its first message. */
  setHeader(name: string, value: string): void
  /** The caller's role and status as they are now. Throws UNAUTHENTICATED when the account is closed. */
  currentAccount(): Promise<Account>
}

/** The same in a service on PostgreSQL. */
export type PublicCall = PlainCall & {
  /** This call's own EntityManager, made when first used, for reads. */
  readonly em: EntityManager
  /** Runs a named, prepared statement in one round trip. */
  sql: Sql
  /** Runs a unit of work with its events in one transaction: see `db/transaction.ts`. */
  transaction<T>(work: Work<T>): Promise<T>
}

/** A call whose policy demands a signed-in user. */
export type SignedIn<C extends PlainCall> = C & { caller: Caller }

/** What a handler gets in addition to the request in a service on PostgreSQL, when the policy demands a signed-in user. */
export type Call = SignedIn<PublicCall>

/** A unary RPC. */
export type Handler<Request, Response, C extends PlainCall = Call> = (request: Request, call: C) => Promise<Response>

/** What the handler of a stream gets in addition. */
export type Streaming<C> = C & {
  /**
   * Aborted when the server shuts down, and shortly before the stream's time is over: yield the last message, with which the caller resumes,
   * and return. Also when the caller's token expires, with an AppError as its reason. `watching` does all of this.
   */
  ending: AbortSignal
}

/** A server-streaming RPC: the messages that it yields are sent at the pace at which the client reads. */
export type StreamHandler<Request, Response, C extends PlainCall = Call> = (
  request: Request,
  call: Streaming<C>,
) => AsyncIterable<Response>

/** ts-proto's description of one RPC. */
export type Rpc = MethodDefinition<any, any>

/** ts-proto's description of a service: `PromptServiceService`. */
export type RpcService = Record<string, Rpc>

/** The request of an RPC. */
export type RequestOf<R extends Rpc> = ReturnType<R['requestDeserialize']>

/** The response of an RPC. */
export type ResponseOf<R extends Rpc> = ReturnType<R['responseDeserialize']>

/** What the handler of an RPC gets: a signed-in user only where the policy in the proto demands one. */
type CallOf<R extends Rpc, C extends PlainCall> = R['path'] extends AnyonePath ? C : SignedIn<C>

/** The table of a service: a handler for each RPC, none missing. */
export type Handlers<S extends RpcService, C extends PlainCall> = {
  [K in keyof S]: S[K]['responseStream'] extends true
    ? StreamHandler<RequestOf<S[K]>, ResponseOf<S[K]>, CallOf<S[K], C>>
    : Handler<RequestOf<S[K]>, ResponseOf<S[K]>, CallOf<S[K], C>>
}
