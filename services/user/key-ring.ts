import { createHash, type KeyObject } from 'node:crypto'
import type { JWK, JWTVerifyGetKey } from 'jose'
import { remoteKeys } from '#chassis/grpc/tokens.ts'
import type { Sql } from '#chassis/db/statements.ts'
import { selectSigningKeys, type SigningKeyRow } from './db/select-signing-keys.ts'
import { openSigningKey } from './signing-keys.ts'
import type { Vault } from './vault.ts'

/** A key that signs. */
export type Signer = { kid: string; privateKey: KeyObject }

/** The public key set as it is served: JSON, with a strong HTTP ETag. */
export type KeySet = { json: Buffer; etag: string; cacheSeconds: number }

/** The signing keys, as the database has them. */
export type KeyRing = {
  /** The key that signs now. */
  signer(): Promise<Signer>
  /** The published set; the last known one while the database does not answer. */
  keySet(): Promise<KeySet>
  /** Finds the key of a token, for this service's own verifier. */
  verification: JWTVerifyGetKey
}

type Loaded = { rows: SigningKeyRow[]; keySet: KeySet; readAt: number }

/**
 * Makes the key ring of one service. It reads the keys when they are needed and what it knows is older than a quarter of a
 * cache lifetime: since a key is published for two lifetimes before it signs, every replica knows it in time. On an empty
 * database it makes the first key.
 */
export function createKeyRing(options: {
  sql: Sql
  vault: Vault
  cacheSeconds: number
  rotateKeys(): Promise<unknown>
}): KeyRing {
  const { sql, vault, cacheSeconds, rotateKeys } = options
  const opened = new Map<string, KeyObject>()
  let known: Loaded | undefined
  let loading: Promise<Loaded> | undefined

  const load = async (): Promise<Loaded> => {
    const readAt = Date.now()
    let rows = await sql(selectSigningKeys, [])
    if (rows.length === 0) {
      await rotateKeys()
      rows = await sql(selectSigningKeys, [])
    }
    known = { rows, keySet: keySetOf(rows, cacheSeconds), readAt }
    return known
  }
  const reload = () => {
    loading ??= load().finally(() => {
      loading = undefined
    })
    return loading
  }
  const current = async () => (known && Date.now() - known.readAt < cacheSeconds * 250 ? known : reload())

  return {
    signer: async () => {
      const { kid, private_key: sealed } = signingAt((await current()).rows, new Date())
      const privateKey = opened.get(kid) ?? openSigningKey(vault, kid, sealed)
      opened.set(kid, privateKey)
      return { kid, privateKey }
    },
    keySet: async () => {
      const { keySet } = await current().catch((error: unknown) => {
        if (known) return known
        throw error
      })
      return keySet
    },
    verification: remoteKeys(async () => ({ keys: publicKeys((await reload()).rows) })),
  }
}

// The clock of the replica that made the first key may be ahead of ours: then no key is active yet, and the oldest will do.
const signingAt = (rows: SigningKeyRow[], now: Date) => rows.findLast((row) => row.active_from <= now) ?? rows[0]!

const publicKeys = (rows: SigningKeyRow[]): JWK[] => rows.map((row) => row.public_jwk)

function keySetOf(rows: SigningKeyRow[], cacheSeconds: number): KeySet {
  const json = Buffer.from(JSON.stringify({ keys: publicKeys(rows) }))
  const etag = `"${createHash('sha256').update(json).digest('base64url')}"`
  return { json, etag, cacheSeconds }
}
