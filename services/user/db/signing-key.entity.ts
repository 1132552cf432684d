import { defineEntity, p } from '@mikro-orm/postgresql'
import type { JWK } from 'jose'

/** A key for access tokens: it is in the key set from `publishedAt` to `retiredAt`, and signs from `activeFrom` until the next one does. */
export const SigningKey = defineEntity({
  name: 'SigningKey',
  tableName: 'signing_keys',
  properties: {
    kid: p.string().length(64).primary(),
    publicJwk: p.json<JWK>(),
    privateKey: p.blob(),
    publishedAt: p.datetime(3),
    activeFrom: p.datetime(3),
    retiredAt: p.datetime(3).nullable(),
  },
})
