import { defineEntity, p } from '@mikro-orm/postgresql'
import type { JWK } from 'jose'
import { float8 } from '../db/params.ts'
import { statement } from '../db/statements.ts'

/** The DDL of a table of signing keys, for a migration. */
export const signingKeysTable = (table: string) => `
      create table ${table} (
        kid varchar(64) primary key,
        public_jwk jsonb not null,
        private_key bytea not null,
        published_at timestamptz(3) not null,
        active_from timestamptz(3) not null,
        retired_at timestamptz(3)
      );`

/**
 * The entity of such a table, for a service's `db/schema.ts`. A key is in the key set from `publishedAt` to `retiredAt`, and signs from
 * `activeFrom` until the next one does.
 */
export const signingKeyEntity = (name: string, tableName: string) =>
  defineEntity({
    name,
    tableName,
    properties: {
      kid: p.string().length(64).primary(),
      publicJwk: p.json<JWK>(),
      privateKey: p.blob(),
      publishedAt: p.datetime(3),
      activeFrom: p.datetime(3),
      retiredAt: p.datetime(3).nullable(),
    },
  })

/** A service's table of signing keys. */
export type SigningKeyEntity = ReturnType<typeof signingKeyEntity>

/** A key of the published set. */
export type SigningKeyRow = {
  kid: string
  publicJwk: JWK
  privateKey: Buffer
  activeFrom: Date
  retiredAt: Date | null
}

/** Declares the query of the published keys, in the order in which they sign; with those that were retired less than some seconds ago. */
export const selectSigningKeys = (table: string) =>
  statement(`select_${table}`, { seconds: float8 })<SigningKeyRow>(
    (
      p,
    ) => `select kid, public_jwk as "publicJwk", private_key as "privateKey", active_from as "activeFrom", retired_at as "retiredAt"
  from ${table}
  where retired_at is null or retired_at > now() - ${p.seconds} * interval '1 second'
  order by active_from, kid`,
  )
