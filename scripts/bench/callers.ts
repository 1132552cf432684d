import { randomBytes } from 'node:crypto'
import { createStub, openChannel } from '#chassis/grpc/client.ts'
import { openMesh } from '#chassis/grpc/tls.ts'
import { loadContract } from '#contracts/contract.ts'
import { AuthServiceService, RegisterRequest } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import { MESH } from '../../services/dev-env/infra/authority.ts'
import type { Person } from './seed.ts'

/** Callers that are signed in at once. */
export const CALLERS = 20

/** Access tokens live 15 minutes; no round is longer than ten. */
const FRESH_MS = 300_000

/** Who calls in the bench. */
export type Callers = Disposable & {
  password: string
  /** The public keys of their tokens, as JSON. */
  keys(): Promise<string>
  /** The first of these people, signed in not long ago. */
  signedIn(people: Person[]): Promise<(Person & { token: string })[]>
}

/** Registers the first user, whose password all others get or have, and answers with how to sign in. */
export async function signIn(
  userPort: number,
  certificates: string,
  password = randomBytes(16).toString('base64url'),
): Promise<Callers> {
  const mesh = openMesh({ certificates, ...MESH })
  const channel = openChannel({
    contract: loadContract(),
    mesh,
    service: 'user',
    target: `dns:///localhost:${userPort}`,
  })
  const auth = createStub(channel, AuthServiceService)
  await auth.register(RegisterRequest.fromPartial({ username: 'first', email: 'first@bench.test', password }))
  let known: (Person & { token: string })[] = []
  let since = 0
  const signInOne = async (person: Person) => {
    const { tokens } = await auth.login({ login: person.username, password })
    return { ...person, token: tokens!.accessToken }
  }
  return {
    password,
    keys: async () => (await auth.getJwks({})).data.toString(),
    signedIn: async (people) => {
      if (Date.now() - since > FRESH_MS) {
        known = []
        // One after the other: on a busy machine the last of all at once would wait too long.
        for (const person of people.slice(0, CALLERS)) known.push(await signInOne(person))
        since = Date.now()
      }
      return known
    },
    [Symbol.dispose]: () => channel.close(),
  }
}
