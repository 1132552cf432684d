import { availableParallelism } from 'node:os'
import { hash, parseOptions, verify } from '@node-rs/bcrypt'
import { createSemaphore } from './semaphore.ts'

/** Hashes and checks passwords off the event loop, a few at a time. What has to wait too long is refused: OVERLOADED. */
export type Passwords = {
  /** Throws OVERLOADED when no more passwords are taken: ask before doing anything that such a failure would waste. */
  checkRoom(): void
  hash(password: string, signal: AbortSignal): Promise<string>
  /** Whether this password has this hash. Without a hash it takes just as long, and the answer is no. */
  verify(password: string, hash: string | undefined, signal: AbortSignal): Promise<boolean>
  /** Whether a hash was made with another cost than is used now. */
  isOutdated(hash: string): boolean
}

/** Passwords that may wait for their turn. */
const MAX_WAITING = 32

/** Hashes run on libuv's pool of four threads; one is left for files, names and signatures. */
const MAX_PARALLEL = 3

/** Makes Passwords with bcrypt at `cost`; `parallel` 0 is a hash for each core. Throws when bcrypt has no such cost. */
export function createPasswords({ cost, parallel }: { cost: number; parallel: number }): Passwords {
  if (cost < 4 || cost > 31) throw new Error(`PF_BCRYPT_COST is ${cost}: bcrypt takes 4 to 31`)
  const semaphore = createSemaphore(parallel || Math.min(availableParallelism(), MAX_PARALLEL), MAX_WAITING)
  const nobodys = hashOfNothing(cost)
  return {
    checkRoom: semaphore.checkRoom,
    hash: (password, signal) => semaphore.run(() => hash(password, { cost }), signal),
    verify: async (password, stored, signal) => {
      const isRight = await semaphore.run(() => verify(password, stored ?? nobodys), signal)
      return isRight && stored !== undefined
    },
    isOutdated: (stored) => parseOptions(stored).cost !== cost,
  }
}

// Well-formed, so that checking a password against it takes its full time; made of no password.
const hashOfNothing = (cost: number) => `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(53)}`
