import type { Commands } from '#chassis/define-service.ts'
import type { Deps } from '../context.ts'
import { makeBackup } from './make.ts'
import { restoreBackup } from './restore.ts'

/** `backup full FOLDER` and `backup incremental FOLDER` make a backup; `restore FOLDER [TIME]` adds what one has and the database does not. */
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
  }
}
