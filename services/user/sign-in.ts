import { createHash } from 'node:crypto'
import { networkOf } from '#chassis/network.ts'

/** What a sign-in is slowed down by: the account as the caller names it, and the network that the caller is in. */
export type Attempt = { account: Buffer; address: string }

/**
 * Makes the key of a sign-in. The account is what was typed, not what it led to: an answer must not tell that an e-mail
 * address and a username belong together, or that there is no such account. It is hashed, for it may be an e-mail address.
 */
export const attemptOf = (login: string, address: string): Attempt => ({
  account: createHash('sha256').update(login.toLowerCase()).digest(),
  address: networkOf(address),
})

/** Whether a login is an e-mail address: a username has no `@`. */
export const isEmail = (login: string) => login.includes('@')
