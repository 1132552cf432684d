import { exhausted } from '#chassis/errors.ts'
import type { AccountRow } from '../db/find-account.ts'
import type { ProfileRow } from '../db/profile.ts'

/** Whether the account of a try exists and is not closed. */
export const isInUse = (row: AccountRow): row is AccountRow & ProfileRow => row.status === 'ACTIVE'

/** RESOURCE_EXHAUSTED: so many tries have failed that the next one has to wait. */
export const signInSlowed = (waitMs: number) =>
  exhausted('SIGN_IN_SLOWED', 'too many sign-ins for this account have failed here: wait before the next one', waitMs)
