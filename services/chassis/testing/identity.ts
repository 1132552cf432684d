import { randomUUID } from 'node:crypto'
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { type Role, TOKEN_ALGORITHM } from '../grpc/tokens.ts'
import type { Identity } from '../identity.ts'

/** Who a token is for. */
export type TestUser = { userId: string; username: string; role?: Role }

/** Users of a test: an Identity for services, and tokens that it accepts. */
export type TestIdentity = Identity & {
  /** Signs a token for a user; `claims` override the ordinary ones. */
  tokenFor(user: TestUser, claims?: Record<string, unknown>): Promise<string>
  /** What `currentAccount` answers from now on, whatever the token says. */
  setAccount(userId: string, role: Role, active?: boolean): void
  /** Revokes an API key. */
  revokeApiKey(keyId: string): void
}

/** The issuer and audience of test tokens. */
export const TEST_AUTH = { issuer: 'https://auth.test', audience: 'promptforge-test' }

/** Makes a signing key of a test's own, in the place of the user service's. */
export async function testIdentity(): Promise<TestIdentity> {
  const kid = randomUUID()
  const { privateKey, publicKey } = await generateKeyPair(TOKEN_ALGORITHM, { extractable: true })
  const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid, alg: TOKEN_ALGORITHM }] })
  const revoked = new Set<string>()
  const accounts = new Map<string, { role: Role; active: boolean }>()
  return {
    keys,
    checkCaller: async ({ userId, role }) => accounts.get(userId) ?? { role, active: true },
    closedAccounts: async () => {
      const closed = [...accounts].filter(([, { active }]) => !active)
      return { userIds: closed.map(([userId]) => userId), apiKeyIds: [...revoked], next: undefined }
    },
    revokeApiKey: (keyId) => void revoked.add(keyId),
    setAccount: (userId, role, active = true) => accounts.set(userId, { role, active }),
    tokenFor: ({ userId, username, role = 'USER' }, claims = {}) =>
      new SignJWT({
        username,
        role,
        sub: userId,
        jti: randomUUID(),
        iss: TEST_AUTH.issuer,
        aud: TEST_AUTH.audience,
        ...claims,
      })
        .setProtectedHeader({ alg: TOKEN_ALGORITHM, kid })
        .setIssuedAt()
        .setExpirationTime((claims['exp'] as number | undefined) ?? '15m')
        .sign(privateKey),
  }
}
