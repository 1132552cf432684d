import { isAdmin, scopeInTokens } from '#chassis/grpc/access.ts'
import type { PublicCall } from '#chassis/grpc/call.ts'
import type { Caller } from '#chassis/grpc/tokens.ts'
import { Policy_Scope as Scope, policy_ScopeToJSON as nameOf } from '#contracts/gen/promptforge/access/v1/access.ts'

/** Whether a token may be told of money: one that was made from an API key only with the scope of the marketplace. */
export const maySeeSales = ({ apiKey }: Pick<Caller, 'apiKey'>): boolean =>
  !apiKey || apiKey.scopes.has(scopeInTokens(nameOf(Scope.MARKET)))

/**
 * Whether the caller of a PUBLIC method was an administrator when the token was made, and is one now. The user service is asked about no others:
 * everyone calls such a method.
 */
export const isSignedInAdmin = async (call: Pick<PublicCall, 'caller' | 'currentAccount'>): Promise<boolean> =>
  call.caller?.role === 'ADMIN' && (await isAdmin(call))
