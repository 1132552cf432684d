import { onDatabase } from '../../../../scripts/processes/on-database.ts'
import type { SignedIn, TestNetwork } from '../harness.ts'
import { type CallerName, SCOPES, type ScopeName } from './row.ts'

/** A caller of the table, and others that it needs. */
type Person = Exclude<CallerName, 'nobody' | 'key'> | 'other' | 'deactivated'

/** Everybody, and the API keys of the owner. */
export type People = {
  people: Record<Person, SignedIn>
  /** An access token of an API key of the owner's with exactly these scopes. The key is made when it is asked for first. */
  keyToken(scopes: readonly ScopeName[]): Promise<string>
  /** An API key of the owner's, to be exchanged, and one to be revoked. */
  apiKey: ApiKey
  revokedKey: ApiKey
}

/** A key as its user was shown it. */
export type ApiKey = { id: string; key: string }

/** Signs everybody up, with the roles that they have. */
export async function createPeople(network: TestNetwork): Promise<People> {
  const names = ['user', 'owner', 'buyer', 'moderator', 'admin', 'other', 'deactivated'] as const
  const people = {} as People['people']
  for (const name of names) people[name] = await network.signUp()
  for (const role of ['moderator', 'admin'] as const) people[role] = await promote(network, people[role], role)
  await network.rest('POST /v1/users/me:deactivate', { token: people.deactivated.token })

  const createKey = async (scopes: readonly ScopeName[]): Promise<ApiKey> => {
    const body = { name: 'app', scopes }
    const made = await network.rest('POST /v1/api-keys', { token: people.owner.token, body })
    return { id: made.body.apiKey.id, key: made.body.key }
  }
  const tokens = new Map<string, Promise<string>>()
  const exchange = async (scopes: readonly ScopeName[]) => {
    const { key } = await createKey(scopes)
    return (await network.rest('POST /v1/auth/token', { body: { apiKey: key } })).body.accessToken as string
  }
  const keyToken = (scopes: readonly ScopeName[]) => {
    const known = tokens.get(scopes.join()) ?? exchange(scopes)
    tokens.set(scopes.join(), known)
    return known
  }
  return { people, keyToken, apiKey: await createKey(SCOPES), revokedKey: await createKey(SCOPES) }
}

/** Gives somebody a role, and a token that says so. */
async function promote(network: TestNetwork, person: SignedIn, role: string): Promise<SignedIn> {
  const { databaseUrl } = network.services['user']!
  await onDatabase(databaseUrl, `update users set role = $2 where id = $1`, person.id, role.toUpperCase())
  const body = { login: person.username, password: person.password }
  const { tokens } = (await network.rest('POST /v1/auth/login', { body })).body
  return { ...person, token: tokens.accessToken, refreshToken: tokens.refreshToken }
}
