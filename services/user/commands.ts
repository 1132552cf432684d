import { commandCause } from '#chassis/cause.ts'
import { loadConfig } from '#chassis/config.ts'
import { streamAccessSchema } from '#chassis/events/stream-access.ts'
import { EVENTS } from '#contracts/events.ts'
import { roleChanged } from './audited.ts'
import type { Deps } from './context.ts'
import { activeUserToChange } from './db/active-user-to-change.ts'
import { findUserByEmail } from './db/find-user-by-email.ts'
import { erase } from './erase.ts'
import { applyRole } from './user.ts'

/**
 * `admin EMAIL` makes a user an administrator: the first one, whom no other can name. `erase EMAIL` erases a user, and `erase ID` finishes an
 * erasure that was stopped. They answer without the address, for that is logged.
 */
export const commands = ({ database, log }: Pick<Deps, 'database' | 'log'>) => ({
  admin: async ([email = '']: string[]) => {
    if (email === '') throw new Error('admin needs the e-mail address of an account')
    const [found] = await database.sql(findUserByEmail, { email })
    if (!found) throw new Error('no account in use has this e-mail address: register it, then run this again')
    return database.transaction(commandCause('admin'), async (em, emit, now) => {
      const user = await activeUserToChange(em, found.id)
      const { role: before } = user
      applyRole(user, 'ADMIN', now)
      emit.audit(EVENTS.userAudited, roleChanged(user, before))
      return { userId: user.id, username: user.username, role: user.role }
    })
  },
  erase: ([whom]: string[]) => erase({ database, log, streams: loadConfig(streamAccessSchema) }, whom),
})
