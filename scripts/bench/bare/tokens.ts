import { type Metadata, status } from '@grpc/grpc-js'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'

/** Who calls. */
export type Caller = { userId: string; username: string; /** As it was sent. */ authorization: string }

/** The caller that a token names; undefined without a token. Rejects a bad one with UNAUTHENTICATED. */
export type CheckToken = (metadata: Metadata) => Promise<Caller | undefined>

/** The same check of tokens as the services', verified tokens remembered until they expire. */
export function createTokenCheck(keySet: JSONWebKeySet, rules: { issuer: string; audience: string }): CheckToken {
  const keys = createLocalJWKSet(keySet)
  const verified = new Map<string, Caller & { expiresAt: number }>()
  return async (metadata) => {
    const [sent] = metadata.get('authorization')
    if (sent === undefined) return undefined
    const token = String(sent).slice('Bearer '.length)
    const known = verified.get(token)
    if (known && known.expiresAt > Date.now()) return known
    const { payload } = await jwtVerify(token, keys, { ...rules, algorithms: ['EdDSA'] }).catch(() => {
      throw Object.assign(new Error('bad token'), { code: status.UNAUTHENTICATED })
    })
    const caller = {
      userId: payload.sub!,
      username: String(payload['username']),
      authorization: String(sent),
      expiresAt: payload.exp! * 1000,
    }
    verified.set(token, caller)
    return caller
  }
}
