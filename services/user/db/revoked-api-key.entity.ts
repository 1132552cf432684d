import { defineEntity, p } from '@mikro-orm/postgresql'

/** An API key that was revoked so recently that there may still be an access token of it. A trigger on `api_keys` keeps it. */
export const RevokedApiKey = defineEntity({
  name: 'RevokedApiKey',
  tableName: 'revoked_api_keys',
  properties: {
    keyId: p.uuid().primary(),
    revokedAt: p.datetime(3),
  },
})
