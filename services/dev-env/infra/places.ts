import { createHash } from 'node:crypto'
import { chmodSync, lstatSync, mkdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'

/** Where this clone keeps what it makes at run time. */
export type Places = {
  /** `.promptforge/` in the clone: the authority, secrets, logs, connections.env. Mode 0700. */
  state: string
  /**
   * What PostgreSQL has to reach: its programs and data. The same as `state`, but for root: then PostgreSQL runs as another
   * user, who cannot enter a clone below a 0700 folder, and this is `/var/tmp/promptforge-<hash of the clone's path>`.
   */
  postgres: string
}

/** Names the places of a clone, this one unless told otherwise, and makes those folders where they are absent. */
export function placesOf(clone = join(import.meta.dirname, '../../..')): Places {
  const root = realpathSync(clone)
  const state = join(root, '.promptforge')
  mkdirSync(state, { recursive: true, mode: 0o700 })
  if (process.getuid?.() !== 0) return { state, postgres: state }
  const hash = createHash('sha256').update(root).digest('hex').slice(0, 12)
  return { state, postgres: ownFolder(`/var/tmp/promptforge-${hash}`) }
}

// /var/tmp is everybody's: a folder that somebody else put there under our name is not to be trusted.
function ownFolder(path: string): string {
  mkdirSync(path, { recursive: true })
  const found = lstatSync(path)
  if (!found.isDirectory() || found.uid !== 0)
    throw new Error(`${path} is not a folder of root: remove it and start again`)
  chmodSync(path, 0o755)
  return path
}
