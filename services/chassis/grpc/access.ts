import type { Method } from '#contracts/contract.ts'
import {
  Policy_Caller as Who,
  Policy_Scope as Scope,
  policy_ScopeToJSON as nameOf,
} from '#contracts/gen/promptforge/access/v1/access.ts'
import { notAllowed, scopeMissing, unauthenticated } from '../errors.ts'
import type { Call } from './call.ts'
import type { Peer } from './peer.ts'
import type { Caller, Role } from './tokens.ts'

/** What a caller is now, read from the user service. */
export type Account = { role: Role; active: boolean }

/**
 * Refuses a method that has no usable policy: a server that serves it does not start.
 */
export function assertPolicy({ path, policy }: Method) {
  if (!policy || policy.caller === Who.UNSPECIFIED) {
    throw new Error(`${path} has no (promptforge.access.v1.policy): say in the proto who may call it`)
  }
  if (policy.caller !== Who.INTERNAL && (policy.services.length > 0 || policy.withoutUser)) {
    throw new Error(`${path}: services and without_user belong to INTERNAL policies`)
  }
  if (policy.caller === Who.INTERNAL && policy.scope !== Scope.UNSPECIFIED) {
    throw new Error(
      `${path}: a scope does not belong to an INTERNAL policy: the method that the user called has checked it`,
    )
  }
}

/** A scope of the contract, `PROMPTS_READ`, as access tokens spell it: `prompts:read`. */
export const scopeInTokens = (name: string) => name.toLowerCase().replace('_', ':')

/**
 * Whether a token stands for its user on a method. One that was made from an API key does where the key has the scope that the method
 * names, and between services; on a PUBLIC method without a scope it stands for nobody. Elsewhere throws PERMISSION_DENIED.
 */
export function standsForUser({ policy }: Method, { apiKey }: Caller): boolean {
  if (!apiKey || policy?.caller === Who.INTERNAL) return true
  if (!policy || policy.scope === Scope.UNSPECIFIED) {
    if (policy?.caller === Who.PUBLIC) return false
    throw closedToKeys()
  }
  const scope = nameOf(policy.scope)
  if (!apiKey.scopes.has(scopeInTokens(scope))) throw scopeMissing(scope)
  return true
}

/**
 * Applies a method's policy to a call. `readAccount` reads the caller's current role; it is called only for MODERATOR and ADMIN.
 * Throws UNAUTHENTICATED without a user where one is needed, PERMISSION_DENIED otherwise.
 */
export async function checkPolicy(
  { policy }: Method,
  call: { peer: Peer; caller: Caller | undefined; readAccount: () => Promise<Account> },
): Promise<void> {
  if (!policy || policy.caller === Who.PUBLIC) return
  if (policy.caller === Who.INTERNAL) checkService(policy.services, call.peer)
  if (!call.caller) {
    if (policy.withoutUser) return
    throw tokenMissing()
  }
  if (policy.caller === Who.MODERATOR || policy.caller === Who.ADMIN) {
    const { role } = await currentAccount(call.readAccount)
    if (role === 'USER' || (policy.caller === Who.ADMIN && role !== 'ADMIN'))
      throw notAllowed('your role does not allow this')
  }
}

/** The caller's role and status now. Throws UNAUTHENTICATED when the account is closed. */
export async function currentAccount(readAccount: () => Promise<Account>): Promise<Account> {
  const account = await readAccount()
  if (!account.active) throw accountClosed()
  return account
}

/** UNAUTHENTICATED: the account is closed, whatever the token says. */
export const accountClosed = () => unauthenticated('ACCOUNT_DEACTIVATED', 'the account has been deactivated')

/** UNAUTHENTICATED: a signed-in user is needed. */
export const tokenMissing = () =>
  unauthenticated('TOKEN_MISSING', 'sign in, and send the access token as `authorization: Bearer …`')

/** Whether a caller is an administrator now, whatever the token says. */
export const isAdmin = async ({ currentAccount }: Pick<Call, 'currentAccount'>): Promise<boolean> =>
  (await currentAccount()).role === 'ADMIN'

/** Whether a caller may do what only this user and administrators may. */
export const isSelfOrAdmin = async (userId: string, call: Pick<Call, 'caller' | 'currentAccount'>): Promise<boolean> =>
  userId === call.caller.userId || (await isAdmin(call))

/** UNAUTHENTICATED: the API key that the token was made from is revoked. */
export const keyRevoked = () =>
  unauthenticated('API_KEY_INVALID', 'the API key of this access token was revoked: use another key')

/** PERMISSION_DENIED: a user must have signed in, and an API key is not enough. */
export const closedToKeys = () => notAllowed('an API key cannot be used for this: sign in as its user')

function checkService(allowed: string[], peer: Peer) {
  const isAllowed = peer.isInternal && (allowed.length === 0 || allowed.includes(peer.service!))
  if (!isAllowed) throw notAllowed('only services of this mesh may call this method')
}
