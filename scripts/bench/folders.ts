import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { placesOf } from '../../services/dev-env/infra/places.ts'

/** Folders of one bench's own. */
export type Folders = Disposable & {
  /** Certificates, secrets, logs. */
  state: string
  /** PostgreSQL's data. */
  postgres: string
  /** Where PostgreSQL's programs are kept from one start to the next. */
  programs: string
}

/** Makes them, and removes those of a bench that was killed. */
export function makeFolders(): Folders {
  const { state, postgres: programs } = placesOf()
  const places = [...new Set([state, programs])]
  for (const place of places) removeAbandoned(place)
  const folders = places.map((place) => join(place, `bench-${process.pid}`))
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

function removeAbandoned(place: string) {
  for (const name of readdirSync(place)) {
    const pid = /^bench-(\d+)$/.exec(name)?.[1]
    if (pid && !existsSync(`/proc/${pid}`)) rmSync(join(place, name), { recursive: true, force: true })
  }
}
