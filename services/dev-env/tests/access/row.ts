import type { RequestOf, ResponseOf, Rpc, RpcService } from '#chassis/grpc/call.ts'
import type { Scene, ScenePrompt } from './scene.ts'

/** Who calls, in the order of the columns. `owner` owns what is asked for, or sells it; `key` is an API key of the owner's. */
export const CALLERS = ['nobody', 'user', 'owner', 'buyer', 'moderator', 'admin', 'key'] as const
export type CallerName = (typeof CALLERS)[number]

/** What an API key may be used for, as the contract spells it. */
export const SCOPES = ['PROMPTS_READ', 'PROMPTS_WRITE', 'TESTS_RUN', 'MARKET'] as const
export type ScopeName = (typeof SCOPES)[number]

/** The states of a prompt that make a difference. An archived one is public, and so is a draft once it is published. */
export const PROMPT_STATES = ['public', 'private', 'draft', 'archived', 'deleted'] as const
export type PromptState = (typeof PROMPT_STATES)[number]

/**
 * What each of CALLERS gets, a character for each of them in that order:
 *
 * - `+` the answer, and in it what `shows` looks for;
 * - `o` the answer without that;
 * - `-` NOT_FOUND: for this caller it does not exist;
 * - `t` UNAUTHENTICATED: a token is needed;
 * - `x` PERMISSION_DENIED: neither this user nor this API key may call the method at all;
 * - a capital letter: what `refusals` says, a rule of the business that has nothing to do with access.
 */
export type Answers = string

/** The answers in each state of the prompt, the listing or the account that is asked for; or in any. */
export type AnswersByState =
  | Answers
  | Record<PromptState, Answers>
  | Record<'active' | 'removed', Answers>
  | Record<'active' | 'deactivated', Answers>

/** An error: the name of its gRPC status, and its reason. */
export type Refusal = readonly [
  code: 'INVALID_ARGUMENT' | 'FAILED_PRECONDITION' | 'NOT_FOUND' | 'UNAUTHENTICATED' | 'PERMISSION_DENIED',
  reason: string,
]

/** For what a request is made. */
export type Cell = {
  scene: Scene
  caller: CallerName
  /** The caller's id. Undefined for `nobody`. */
  callerId: string | undefined
  /** One of the states of the row; `any` when it has none. */
  state: string
  /** The prompt in this state; the private one when the row has no states of prompts. */
  prompt: ScenePrompt
  /** Whether the table expects an answer: only then does the call use something up. */
  isAnswered: boolean
  /** Makes the call with another token than the caller's. */
  actAs(token: string): void
}

/** What an RPC answers to whom. */
export type Row<R extends Rpc> = {
  /** In which case, when a method has several rows. */
  when?: string
  /**
   * The scopes that an API key needs: without any of them it gets SCOPE_MISSING in every state. Absent: no scope is asked for, and `key` has all
   * of them.
   */
  scopes?: readonly ScopeName[]
  /** Only services may call, by their certificates: these, or every one. Everybody else gets NOT_ALLOWED. */
  services?: readonly string[] | 'every'
  /** Makes a request that is valid. It may prepare what an expected answer uses up. */
  request(cell: Cell): RequestOf<R> | Promise<RequestOf<R>>
  /** Headers of the request. */
  headers?(cell: Cell): Record<string, string>
  answers: AnswersByState
  refusals?: Record<string, Refusal>
  /** Whether an answer has in it what not everybody may see. */
  shows?(answer: ResponseOf<R>, cell: Cell): boolean
  /** Its calls must not run at the same time. */
  oneByOne?: true
  /** A stream that does not end by itself: its first message is enough. */
  endless?: true
}

/** A row, or some, for each method of a service: one that is missing does not compile. */
export type TableOf<S extends RpcService> = { [K in keyof S]: Row<S[K]> | readonly Row<S[K]>[] }

/** The first page of a list. */
export const FIRST = { pageSize: 100, pageToken: '' }

/** Who sees a prompt, with its head, and who reads what is said of it. */
export const SEEN = {
  public: '+++++++',
  private: '--++--+',
  draft: '--++--+',
  archived: '+++++++',
  deleted: '-------',
}
