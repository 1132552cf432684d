import { LRUCache } from 'lru-cache'
import { type Account, accountOf } from './accounts.ts'
import { type Api, type Listed, Refused } from './api.ts'

/** A contributor's account, signed in. */
export type Author = {
  /** The prompts that the account has, by title. */
  prompts: Map<string, Owned>
  /** The access token, or a new one when the server no longer takes the one that is named. */
  token(refused?: string): Promise<string>
}

/** A prompt that an account has: what the list says of it, or the hash of its content where the import has seen that. */
export type Owned = Listed | { id: string; hash: string }

/** Finds a contributor's account, or makes it. Throws Refused, for all rows of the contributor alike, when neither can be. */
export type FindAuthor = (contributor: string) => Promise<Author>

/** So many stay signed in; of the others each row signs in again. */
const SIGNED_IN = 1000

/** Opens the accounts that the secret stands for. */
export function openAuthors(api: Api, secret: string): FindAuthor {
  const authors = new LRUCache<string, Promise<Author>>({ max: SIGNED_IN })
  const enter = entrance(api)
  return (contributor) => {
    const found = authors.get(contributor)
    if (found) return found
    const entered = enter(accountOf(contributor, secret))
    authors.set(contributor, entered)
    return entered
  }
}

/**
 * A collection that is imported again names old contributors first and new ones after, so what the last account needed, signing
 * in or making, is tried first: the other way round each would cost a password check in vain.
 */
function entrance(api: Api) {
  let lastWasKnown = false
  return async (account: Account): Promise<Author> => {
    const order = lastWasKnown ? [signIn, register] : [register, signIn]
    for (const enter of order) {
      const token = await enter(api, account)
      if (token === undefined) continue
      lastWasKnown = enter === signIn
      const prompts = lastWasKnown ? await promptsOf(api, token) : new Map<string, Owned>()
      return { prompts, token: tokens(token, () => signIn(api, account)) }
    }
    throw lockedOut()
  }
}

/** Undefined when there is no such account, or the password is not ours. */
async function signIn(api: Api, { email, password }: Account): Promise<string | undefined> {
  try {
    return await api.login(email, password)
  } catch (error) {
    if (error instanceof Refused && error.reason === 'CREDENTIALS_INVALID') return undefined
    throw error
  }
}

/** Undefined when there is an account for this contributor. */
async function register(api: Api, { usernames, email, password }: Account): Promise<string | undefined> {
  for (const username of usernames) {
    try {
      return await api.register({ username, email, password })
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      if (error.reason === 'EMAIL_TAKEN') return undefined
      if (error.reason !== 'USERNAME_TAKEN') throw error
    }
  }
  throw new Refused('USERNAME_TAKEN', 'every username for the contributor is taken')
}

async function promptsOf(api: Api, token: string): Promise<Map<string, Owned>> {
  const prompts = new Map<string, Owned>()
  for await (const listed of api.prompts(token)) prompts.set(listed.title, listed)
  return prompts
}

/** Rows of one author that find the token expired have it renewed once. */
function tokens(first: string, renew: () => Promise<string | undefined>): Author['token'] {
  let held: string | undefined = first
  let token = Promise.resolve(first)
  return (refused) => {
    if (refused !== undefined && refused === held) {
      held = undefined
      token = renew().then((renewed) => {
        if (renewed === undefined) throw lockedOut()
        return (held = renewed)
      })
    }
    return token
  }
}

/** Calls with the author's token, and once more with a new one when the server no longer takes it. */
export async function signedIn<T>({ token }: Author, call: (token: string) => Promise<T>): Promise<T> {
  const held = await token()
  try {
    return await call(held)
  } catch (error) {
    if (!(error instanceof Refused && error.reason === 'TOKEN_INVALID')) throw error
    return call(await token(held))
  }
}

const lockedOut = () =>
  new Refused(
    'LOCKED_OUT',
    'the contributor’s account does not open: if another import made it, name that one’s state file with --state',
  )
