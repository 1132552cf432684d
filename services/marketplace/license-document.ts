import { SignJWT } from 'jose'
import { TOKEN_ALGORITHM } from '#chassis/grpc/tokens.ts'
import type { Signer } from '#chassis/signing/key-ring.ts'

/** `aud` of licence documents, which no access token has. */
export const LICENSE_AUDIENCE = 'promptforge:license'

/** `typ` of licence documents, which no access token has. */
export const LICENSE_TYP = 'pf-license+jwt'

/** Seconds for which a document is valid at most: a revocation shows offline only when the document ends. */
export const LICENSE_DOCUMENT_SECONDS = 35 * 86_400

/** What a document says of a licence. */
export type LicenseFacts = {
  id: string
  promptId: string
  licenseType: 'PERSONAL' | 'COMMERCIAL'
  /** The versions that it unlocks; `maxVersion` null: all later ones too. */
  minVersion: number
  maxVersion: number | null
  revision: number
  /** SHA-256 of the licence key. */
  keyHash: Buffer
  isActive: boolean
  /** Null: it does not expire. */
  expiresAt: Date | null
}

/**
 * Signs the document by which anybody can verify a licence offline: a compact JWS that names the licence (`sub`), the prompt, the
 * versions (`vmin`, `vmax`; no `vmax`: all later ones), the licence's revision (`rev`), and 16 hex digits of the SHA-256 of the licence
 * key (`kh`), so that who is shown a key can tell that the document belongs to it. It says nothing of the buyer. Undefined for a licence
 * that is revoked or has expired.
 */
export async function signLicenseDocument(
  { kid, privateKey }: Signer,
  issuer: string,
  license: LicenseFacts,
  now: Date,
): Promise<string | undefined> {
  const { id, promptId, licenseType, minVersion, maxVersion, revision, keyHash, isActive, expiresAt } = license
  const issuedAt = secondsOf(now)
  const exp = Math.min(issuedAt + LICENSE_DOCUMENT_SECONDS, expiresAt ? secondsOf(expiresAt) : Infinity)
  if (!isActive || exp <= issuedAt) return undefined
  const claims = {
    prompt: promptId,
    type: licenseType,
    vmin: minVersion,
    ...(maxVersion !== null && { vmax: maxVersion }),
    rev: revision,
    kh: keyHash.toString('hex').slice(0, 16),
  }
  return new SignJWT(claims)
    .setProtectedHeader({ alg: TOKEN_ALGORITHM, typ: LICENSE_TYP, kid })
    .setIssuer(issuer)
    .setAudience(LICENSE_AUDIENCE)
    .setSubject(id)
    .setIssuedAt(issuedAt)
    .setExpirationTime(exp)
    .sign(privateKey)
}

// JWTs count whole seconds. Rounded down, a document never outlives its licence.
const secondsOf = (time: Date) => Math.floor(time.getTime() / 1000)
