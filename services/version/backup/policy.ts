/** Milliseconds that backups are kept: 30 days. */
const KEPT_MS = 30 * 24 * 3600 * 1000

/** A backup in the folder. An incremental one has what came since the one before it, of either kind. */
export type Backup = {
  /** Its file, without the folder. */
  name: string
  kind: 'full' | 'incremental'
  /** When it began: everything that was acknowledged before is in it or in an earlier one of its chain. */
  begun: Date
}

/** The name of a backup's file: names sort as the times do. */
export const nameOf = ({ kind, begun }: Omit<Backup, 'name'>) =>
  `${begun.toISOString().replace(/[-:]/g, '')}-${kind}.ndjson.gz`

/** The backups among the files of a folder, oldest first; other files are left alone. */
export function backupsOf(names: string[]): Backup[] {
  return names
    .flatMap((name) => {
      const [, day, time, kind] = /^(\d{8})T(\d{6}\.\d{3})Z-(full|incremental)\.ndjson\.gz$/.exec(name) ?? []
      if (!day || !time || !kind) return []
      const date = day.replace(/(....)(..)(..)/, '$1-$2-$3')
      const begun = new Date(`${date}T${time.replace(/(..)(..)(.*)/, '$1:$2:$3')}Z`)
      return [{ name, kind: kind as Backup['kind'], begun }]
    })
    .toSorted((a, b) => a.begun.getTime() - b.begun.getTime())
}

/** What has to be read to restore the state of a time, oldest first: a full backup and those after it. Empty when there is no full one. */
export function chainAt(backups: Backup[], time: Date): Backup[] {
  const before = backups.filter(({ begun }) => begun <= time)
  const start = before.findLastIndex(({ kind }) => kind === 'full')
  return start < 0 ? [] : before.slice(start)
}

/** What is no longer kept: a full backup when a younger one is 30 days old, with the incremental ones that build on it. */
export function expired(backups: Backup[], now: Date): Backup[] {
  const isOld = ({ kind, begun }: Backup) => kind === 'full' && now.getTime() - begun.getTime() >= KEPT_MS
  const kept = backups.findLastIndex(isOld)
  return kept < 0 ? [] : backups.slice(0, kept)
}
