import { type AppError, failedPrecondition } from '#chassis/errors.ts'

/** What of a licence decides whether it unlocks anything. */
export type Validity = { isActive: boolean; expiresAt?: Date | null; revokedAt?: Date | null }

/** Whether the time of a licence is over, whatever else became of it. */
export const isOver = ({ expiresAt }: Pick<Validity, 'expiresAt'>, now: Date): boolean =>
  Boolean(expiresAt && expiresAt <= now)

/** Whether a licence unlocks anything at a time. One whose time is over does not, also before the expiry job has seen it. */
export const isActiveAt = (license: Validity, now: Date): boolean => license.isActive && !isOver(license, now)

/** Whether a licence is revoked already; it can be otherwise. Throws FAILED_PRECONDITION for one whose time is over: there is nothing to revoke. */
export function isRevoked(license: Validity, now: Date): boolean {
  if (license.revokedAt) return true
  if (!isActiveAt(license, now)) throw licenseNotActive('the licence has expired: nothing is left to revoke')
  return false
}

/** Throws FAILED_PRECONDITION for a licence that unlocks nothing any more: it gets no other key. */
export function checkRotation(license: Validity, now: Date): void {
  if (isActiveAt(license, now)) return
  throw licenseNotActive(
    license.revokedAt
      ? 'the licence was revoked: read it to see why'
      : 'the licence has expired: buy it again to get another key',
  )
}

const licenseNotActive = (message: string): AppError => failedPrecondition('LICENSE_NOT_ACTIVE', message)
