import type { PublicCall } from '#chassis/grpc/call.ts'
import type { User } from '#contracts/gen/promptforge/user/v1/user.ts'
import type { ProfileRow } from '../db/profile.ts'
import { toFullUser, toUser } from './view.ts'

/** How the caller sees users: everything of the caller's own account, and everything of all accounts for an administrator, whose current role is read. */
export async function readersView(
  call: Pick<PublicCall, 'caller' | 'currentAccount'>,
): Promise<(row: ProfileRow & { followed_by_me: boolean }) => User> {
  const { caller } = call
  if (!caller) return (row) => toUser(row)
  const isAdmin = caller.role === 'ADMIN' && (await call.currentAccount()).role === 'ADMIN'
  return (row) => {
    if (row.id === caller.userId) return toFullUser(row)
    return (isAdmin ? toFullUser : toUser)(row, row.followed_by_me)
  }
}
