import type { Call } from '#chassis/grpc/call.ts'

/** Whether a caller may read what only this user and administrators may: the role is the present one. */
export const isSelfOrAdmin = async (userId: string, { caller, currentAccount }: Call): Promise<boolean> =>
  userId === caller.userId || (await currentAccount()).role === 'ADMIN'
