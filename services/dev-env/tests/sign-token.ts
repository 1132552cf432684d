import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import type { SignedIn } from './harness.ts'

/** What signs a token, and its name in the header. */
export type TokenKey = { kid: string; privateKey: Parameters<SignJWT['sign']>[0] }

/** Signs an access token that says that a user is an administrator, issued an hour ago. By default it is valid for 15 minutes. */
export const signToken = (
  { kid, privateKey }: TokenKey,
  { id, username }: Pick<SignedIn, 'id' | 'username'>,
  { audience = 'promptforge', expires = '15m' }: { audience?: string; expires?: string | number } = {},
): Promise<string> =>
  new SignJWT({ username, role: 'ADMIN', jti: randomUUID(), sub: id })
    .setProtectedHeader({ alg: 'EdDSA', kid })
    .setIssuer('https://auth.promptforge.example')
    .setAudience(audience)
    .setIssuedAt(new Date(Date.now() - 3_600_000))
    .setExpirationTime(expires)
    .sign(privateKey)
