import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

/** Bytes of randomness that are made at once: making those of one id alone takes four times as long as all the rest of it. */
const POOL_BYTES = 4096

/** Bytes of randomness that `v7` takes. */
const ID_BYTES = 16

const pool = new Uint8Array(POOL_BYTES)
let used = POOL_BYTES

/** Before and behind every id. */
export const FIRST_ID = '00000000-0000-0000-0000-000000000000'
export const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** The lowest id that can have been made at this time, milliseconds since 1970. */
export const firstIdOf = (milliseconds: number) =>
  v7({ msecs: Math.max(0, milliseconds), seq: 0, random: new Uint8Array(ID_BYTES) })

/** The time in an id, milliseconds since 1970. */
export const timeOf = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)

/** Makes an id: a UUID of version 7, which begins with the milliseconds of now, so that ids sort by their time. */
export const newId = (): string => v7({ random: takeRandom() })

function takeRandom(): Uint8Array {
  if (used === POOL_BYTES) {
    randomFillSync(pool)
    used = 0
  }
  used += ID_BYTES
  return pool.subarray(used - ID_BYTES, used)
}
