import { availableParallelism } from 'node:os'
import { hash, parseOptions, verify } from '@node-rs/bcrypt'
import { createSemaphore } from '#chassis/semaphore.ts'
import { PASSWORD } from '#chassis/texts.ts'

/** Hashes and checks passwords off the event loop, a few at a time. */
export type Passwords = {
  /**
   * Runs `work` with what hashes and checks when it is the turn of this network, as `networkOf` names it: networks take turns, so that
   * one does not keep the others waiting. Nothing of `work` has been done when it throws OVERLOADED, or CANCELLED.
   */
  inTurn<T>(network: string, signal: AbortSignal, work: (hashing: Hashing) => Promise<T>): Promise<T>
  /** Whether a hash was made with another cost than is used now. */
  isOutdated(hash: string): boolean
}

/** What may be done in turn. A password is read in NFKC, however it was typed. */
export type Hashing = {
  hash(password: string): Promise<string>
  /** Whether this password has this hash. Without a hash it takes just as long, and the answer is no. */
  verify(password: string, hash: string | undefined): Promise<boolean>
}

/** Passwords that may wait for their turn. */
const MAX_WAITING = 32

/** Hashes run on libuv's pool of four threads; one is left for files, names and signatures. */
const MAX_PARALLEL = 3

/** Makes Passwords with bcrypt at `cost`; `parallel` 0 is a hash for each core. Throws when bcrypt has no such cost. */
export function createPasswords({ cost, parallel }: { cost: number; parallel: number }): Passwords {
  if (cost < 4 || cost > 31) throw new Error(`PF_BCRYPT_COST is ${cost}: bcrypt takes 4 to 31`)
  const places = parallel || Math.min(availableParallelism(), MAX_PARALLEL)
  const semaphore = createSemaphore(places, MAX_WAITING, 'passwords being checked')
  const nobodys = hashOfNothing(cost)
  const hashing: Hashing = {
    hash: (password) => hash(PASSWORD.read(password), { cost }),
    verify: async (password, stored) => {
      const isRight = await verify(PASSWORD.read(password), stored ?? nobodys)
      // A hash that is older than NFKC is of what was sent then.
      const isAsSent = !isRight && PASSWORD.read(password) !== password && (await verify(password, stored ?? nobodys))
      return (isRight || isAsSent) && stored !== undefined
    },
  }
  return {
    inTurn: (network, signal, work) => semaphore.run(network, () => work(hashing), signal),
    isOutdated: (stored) => parseOptions(stored).cost !== cost,
  }
}

// Well-formed, so that checking a password against it takes its full time; made of no password.
const hashOfNothing = (cost: number) => `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(53)}`
