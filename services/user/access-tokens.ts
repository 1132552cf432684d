import { SignJWT } from 'jose'
import { v4 } from 'uuid'
import { scopeInTokens } from '#chassis/grpc/access.ts'
import { LONGEST_TOKEN_HOURS, TOKEN_ALGORITHM } from '#chassis/grpc/tokens.ts'
import type { Signer } from '#chassis/signing/key-ring.ts'
import type { Role } from './user.ts'

/** What all access tokens say, and seconds for which they are valid. */
export type TokenRules = { issuer: string; audience: string; accessSeconds: number }

/** Throws when access tokens would be valid for as long as services keep in mind whose account was erased, or not at all. */
export function checkTokenRules({ accessSeconds }: Pick<TokenRules, 'accessSeconds'>): void {
  const limit = LONGEST_TOKEN_HOURS * 3600
  if (accessSeconds < 1 || accessSeconds >= limit)
    throw new Error(
      `PF_ACCESS_TOKEN_SECONDS is ${accessSeconds}: set 1 to ${limit - 1}, because services forget after ${limit} seconds whose account was erased`,
    )
}

/** Signs an access token for a user: with `apiKey` one for an application, within the scopes of the key. */
export function signAccessToken(
  { kid, privateKey }: Signer,
  { issuer, audience }: TokenRules,
  user: { id: string; username: string; role: Role },
  { issuedAt, expiresAt }: { issuedAt: Date; expiresAt: Date },
  apiKey?: { id: string; scopes: string[] },
): Promise<string> {
  const ofKey = apiKey && { client_id: apiKey.id, scope: apiKey.scopes.map(scopeInTokens).join(' ') }
  return new SignJWT({ username: user.username, role: user.role, ...ofKey })
    .setProtectedHeader({ alg: TOKEN_ALGORITHM, kid })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(user.id)
    .setJti(v4())
    .setIssuedAt(issuedAt)
    .setExpirationTime(expiresAt)
    .sign(privateKey)
}
