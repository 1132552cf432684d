import { createHash, createHmac } from 'node:crypto'
import slugify from '@sindresorhus/slugify'
import { v5 } from 'uuid'

/** The account that stands for a contributor. */
export type Account = {
  /** The first that nobody has is taken: of two contributors who differ in nothing else, one gets more of the hash. */
  usernames: string[]
  /** An invented address: nobody reads mail there. */
  email: string
  password: string
}

/** Characters of the hash in a username. */
const HASH_LENGTHS = [4, 5, 6, 7, 8]

/** A username has at most 50 characters. */
const MAX_SLUG = 50 - 1 - Math.max(...HASH_LENGTHS)

/** What a contributor is called of whose name no letter is left. */
const NAMELESS = 'contributor'

const NAMESPACE = v5('https://promptforge.example/import', v5.URL)

/**
 * Makes the account of a contributor, the same each time. Who knows a username can guess at the address behind it, so what is
 * shown of the hash depends on the secret. The e-mail address does not: by it a contributor's account is recognised when the
 * secret is lost, instead of being made a second time.
 */
export function accountOf(contributor: string, secret: string): Account {
  const slug = slugOf(contributor)
  const hash = keyedHash(secret, 'username', contributor).toString('hex')
  return {
    usernames: HASH_LENGTHS.map((length) => `${slug}-${hash.slice(0, length)}`),
    email: `${createHash('sha256').update(contributor).digest('hex').slice(0, 40)}@import.example`,
    password: keyedHash(secret, 'password', contributor).toString('base64url'),
  }
}

/** The idempotency key of a row. */
export const rowKey = (contributor: string, title: string) => v5(JSON.stringify([contributor, title]), NAMESPACE)

/** A slug of what stands before the `@`, in whichever of its forms. */
function slugOf(contributor: string): string {
  const [name = ''] = contributor.slice(0, 1000).normalize('NFKC').split('@')
  const slug = slugify(name, { preserveCharacters: ['_'], decamelize: false })
  return slug.slice(0, MAX_SLUG).replace(/-$/, '') || NAMELESS
}

const keyedHash = (secret: string, purpose: string, contributor: string) =>
  createHmac('sha256', secret)
    .update(JSON.stringify([purpose, contributor]))
    .digest()
