import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { placesOf } from '../../services/dev-env/infra/places.ts'

/** Folders of one run's own. */
export type Folders = Disposable & {
  /** Certificates, secrets, logs. */
  state: string
  /** PostgreSQL's data. */
  postgres: string
  /** Where PostgreSQL's programs are kept from one start to the next. */
  programs: string
}

/** What a site is for. */
export type Kind = 'bench' | 'chaos' | 'abuse' | 'scale' | 'scale-small'

/** Makes them for a run of this kind, and removes those of one that was killed. */
export function makeFolders(kind: Kind): Folders {
  const { state, postgres: programs } = placesOf()
  const places = [...new Set([state, programs])]
  for (const place of places) removeAbandoned(place, kind)
  const folders = places.map((place) => join(place, `${kind}-${process.pid}`))
  mkdirSync(folders[0]!, { mode: 0o700 })
  return {
    state: folders[0]!,
    postgres: join(folders.at(-1)!, 'postgres'),
    programs,
    [Symbol.dispose]: () => {
      for (const folder of folders) rmSync(folder, { recursive: true, force: true })
    },
  }
}

function removeAbandoned(place: string, kind: string) {
  for (const name of readdirSync(place)) {
    const pid = new RegExp(`^${kind}-(\\d+)$`).exec(name)?.[1]
    if (pid && !existsSync(`/proc/${pid}`)) rmSync(join(place, name), { recursive: true, force: true })
  }
}
