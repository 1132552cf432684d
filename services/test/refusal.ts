import { driverCode } from '#chassis/db/failures.ts'

/** The code of an error by which a statement refuses and undoes itself: see the function `refuse` of the database. */
const REFUSED = 'PF001'

/** Whether a statement has refused, for this reason or for any. */
export const isRefusal = (error: unknown, reason = '') =>
  driverCode(error) === REFUSED && (error as Error).message.includes(reason)
