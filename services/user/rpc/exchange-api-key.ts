import { unauthenticated } from '#chassis/errors.ts'
import type { PublicCall } from '#chassis/grpc/call.ts'
import type { ExchangeApiKeyRequest } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import { signAccessToken } from '../access-tokens.ts'
import { isApiKey } from '../api-keys.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/exchange-api-key.ts'
import { hashOfToken } from '../sessions.ts'

export const exchangeApiKey =
  ({ keys, tokens }: Pick<Deps, 'keys' | 'tokens'>) =>
  async ({ apiKey }: ExchangeApiKeyRequest, { sql }: PublicCall) => {
    if (!isApiKey(apiKey)) throw invalidKey()
    // Whatever could keep the token from being signed comes before the use of the key is noted.
    const signer = await keys.signer()
    const [found] = await sql(db.exchangeApiKey, { hash: hashOfToken(apiKey) })
    if (!found) throw invalidKey()
    const { key_id: id, scopes, expires_at: end, ...user } = found
    const issuedAt = new Date()
    const expiresAt = new Date(Math.min(issuedAt.getTime() + tokens.accessSeconds * 1000, end?.getTime() ?? Infinity))
    const accessToken = await signAccessToken(signer, tokens, user, { issuedAt, expiresAt }, { id, scopes })
    return { accessToken, accessTokenExpiresAt: expiresAt }
  }

const invalidKey = () =>
  unauthenticated('API_KEY_INVALID', 'the API key is malformed, unknown, expired or revoked: make a new one')
