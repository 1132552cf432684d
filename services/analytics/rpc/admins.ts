import type { Call } from '#chassis/grpc/call.ts'

/** Whether a caller is an administrator now, whatever the token says. */
export const isAdmin = async ({ currentAccount }: Call): Promise<boolean> => (await currentAccount()).role === 'ADMIN'

/** Whether a caller may read what only this user and administrators may. */
export const isSelfOrAdmin = async (userId: string, call: Call): Promise<boolean> =>
  userId === call.caller.userId || (await isAdmin(call))
