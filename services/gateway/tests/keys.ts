import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { TOKEN_ALGORITHM } from '#chassis/grpc/tokens.ts'
import { TEST_AUTH } from '#chassis/testing/identity.ts'

/** A signing key of a test's own. */
export type Key = {
  jwk: JWK
  /** Signs a token of user `sub`; `claims` override the ordinary ones, undefined leaves one out. */
  sign(sub: string, claims?: Record<string, unknown>): Promise<string>
}

/** Makes a signing key. With the `kid` of another it is a forger's. */
export async function makeKey(kid: string = randomUUID(), algorithm = TOKEN_ALGORITHM): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
  const ordinary = { username: 'ada', role: 'USER', jti: randomUUID(), iss: TEST_AUTH.issuer, aud: TEST_AUTH.audience }
  return {
    jwk: { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' },
    sign: (sub, claims) => {
      const now = Math.floor(Date.now() / 1000)
      return new SignJWT({ ...ordinary, sub, iat: now, exp: now + 900, ...claims })
        .setProtectedHeader({ alg: algorithm, kid })
        .sign(privateKey)
    },
  }
}
