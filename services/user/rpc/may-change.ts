import type { Call } from '#chassis/grpc/call.ts'

/** Whether the caller may change this account: it is the caller's own, or the caller is an administrator now. */
export const mayChange = async (userId: string, call: Pick<Call, 'caller' | 'currentAccount'>) =>
  userId === call.caller.userId || (await call.currentAccount()).role === 'ADMIN'
