import { createHash } from 'node:crypto'
import { isIPv6 } from 'node:net'

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

/** An IPv4 address as it is; the first 64 bits of an IPv6 address, because one subscriber has all the rest. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1]
  if (mapped) return mapped
  if (!isIPv6(address)) return address.slice(0, 45)
  const [head = '', tail] = address.replace(/%.*$/, '').split('::')
  const groups = (part: string) => part.split(':').filter((group) => group !== '')
  const before = groups(head)
  const after = tail === undefined ? [] : groups(tail)
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - before.length - after.length }, () => '0')
  const prefix = [...before, ...zeros, ...after].slice(0, 4)
  return `${prefix.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}

/** Whether a login is an e-mail address: a username has no `@`. */
export const isEmail = (login: string) => login.includes('@')
