import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { errors, type JWK, type JWTVerifyGetKey } from 'jose'
import type { Database } from '../db/orm.ts'
import { createFieldCipher } from '../field-cipher.ts'
import { rotateSigningKeys } from './rotate.ts'
import { type KeyTimes, openSigningKey, signingAt } from './signing-keys.ts'
import { selectSigningKeys, type SigningKeyEntity, type SigningKeyRow } from './table.ts'

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
  /** Finds the public key of a token, for this service's own verifier. */
  verification: JWTVerifyGetKey
  /** Makes the keys that are due, and answers with their ids. `rotation` is the job that does it. */
  rotate(): Promise<string[]>
}

/** What makes a key ring a service's own. */
export type KeyRingOptions = {
  database: Pick<Database, 'sql' | 'fork'>
  table: SigningKeyEntity
  /** What encrypts the private halves, the name of its setting, and what it is for: `promptforge signing keys`, which never changes. */
  secret: string
  secretName: string
  purpose: string
  times: KeyTimes
}

type Loaded = { rows: SigningKeyRow[]; keySet: KeySet; readAt: number }

/**
 * Makes the key ring of one service. It reads the keys when they are needed and what it knows is older than a quarter of a
 * cache lifetime, however many ask. The next key is in the set long before it signs, so every replica knows it in time, and an unknown
 * key id needs no look of its own. A key that an operator has retired signs no more, and stays in the set until every replica knows
 * that. On an empty database the first keys are made.
 */
export function createKeyRing({ database, table, secret, secretName, purpose, times }: KeyRingOptions): KeyRing {
  const { cacheSeconds } = times
  const cipher = createFieldCipher(secret, purpose)
  const published = selectSigningKeys(table.meta.tableName)
  const rotate = () => rotateSigningKeys(database.fork(), table, cipher, times)
  const privateKey = remembering(({ kid, privateKey: sealed }) => openSigningKey(cipher, secretName, kid, sealed))
  const publicKey = remembering(({ publicJwk: key }) => createPublicKey({ key: { ...key }, format: 'jwk' }))
  const staleSeconds = cacheSeconds / 4
  let known: Loaded | undefined
  let loading: Promise<Loaded> | undefined

  const load = async (): Promise<Loaded> => {
    const readAt = Date.now()
    const select = () => database.sql(published, { seconds: 2 * staleSeconds })
    let rows = await select()
    if (!signingAt(rows, new Date())) {
      await rotate()
      rows = await select()
    }
    known = { rows, keySet: keySetOf(rows, cacheSeconds), readAt }
    return known
  }
  const current = async () => {
    if (known && Date.now() - known.readAt < staleSeconds * 1000) return known
    loading ??= load().finally(() => {
      loading = undefined
    })
    return loading
  }
  const lastKnown = () =>
    current().catch((error: unknown) => {
      if (known) return known
      throw error
    })

  return {
    signer: async () => {
      const row = signingAt((await current()).rows, new Date())!
      return { kid: row.kid, privateKey: privateKey(row) }
    },
    keySet: async () => (await lastKnown()).keySet,
    verification: async ({ kid }) => {
      const row = (await lastKnown()).rows.find((one) => one.kid === kid)
      if (!row) throw new errors.JWKSNoMatchingKey()
      return publicKey(row)
    },
    rotate,
  }
}

function keySetOf(rows: SigningKeyRow[], cacheSeconds: number): KeySet {
  const keys: JWK[] = rows.map((row) => row.publicJwk)
  const json = Buffer.from(JSON.stringify({ keys }))
  const etag = `"${createHash('sha256').update(json).digest('base64url')}"`
  return { json, etag, cacheSeconds }
}

function remembering(open: (row: SigningKeyRow) => KeyObject) {
  const opened = new Map<string, KeyObject>()
  return (row: SigningKeyRow) => {
    const key = opened.get(row.kid) ?? open(row)
    opened.set(row.kid, key)
    return key
  }
}
