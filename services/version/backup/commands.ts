import type { Commands } from '#chassis/define-service.ts'
import type { Deps } from '../context.ts'
import { drill } from './drill.ts'
import { makeBackup } from './make.ts'
import { restoreBackup } from './restore.ts'

/** Hours that a newest backup may be old in a drill: a day, and what making it takes. */
const MAX_AGE_HOURS = '26'

/**
 * `backup full FOLDER` and `backup incremental FOLDER` make a backup; `restore FOLDER [TIME]` adds what one has and the database does not;
 * `drill FOLDER [HOURS]` restores the newest one, which must not be older, into an empty database, and says what is wrong there.
 */
export const backupCommands = ({ orm }: Pick<Deps, 'orm'>): Commands => {
  const db = () => orm.em.getConnection().getDb()
  return {
    backup: ([kind, folder]) => {
      if ((kind !== 'full' && kind !== 'incremental') || !folder)
        throw new Error('backup needs its kind and a folder: backup full FOLDER, or backup incremental FOLDER')
      return makeBackup(db(), folder, kind)
    },
    restore: ([folder, text]) => {
      const time = text === undefined ? new Date() : new Date(text)
      if (!folder || Number.isNaN(time.getTime()))
        throw new Error('restore needs a folder, and may have a time: restore FOLDER 2026-11-20T00:00:00Z')
      return restoreBackup(db(), folder, time)
    },
    drill: async ([folder, hours = MAX_AGE_HOURS]) => {
      if (!folder || !(Number(hours) > 0))
        throw new Error('drill needs a folder, and may have the hours that a backup may be old: drill FOLDER 26')
      return drill(db(), folder, Number(hours))
    },
  }
}
