import { Metadata } from '@grpc/grpc-js'
import type { Overrides } from '#chassis/define-service.ts'
import type { Outgoing } from '#chassis/grpc/client.ts'
import type { Role } from '#chassis/grpc/tokens.ts'
import type { TestDatabase } from '#chassis/testing/database.ts'
import { startTestService } from '#chassis/testing/service.ts'
import type { Tokens } from '#contracts/gen/promptforge/auth/v1/auth.ts'
import { Policy_Scope as Scope } from '#contracts/gen/promptforge/access/v1/access.ts'
import { ApiKeyServiceService, type CreateApiKeyRequest } from '#contracts/gen/promptforge/auth/v1/api_key_service.ts'
import { AuthServiceService, type RegisterRequest } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import type { User } from '#contracts/gen/promptforge/user/v1/user.ts'
import { UserInternalServiceService, UserServiceService } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import type { Deps } from '../context.ts'
import { FREE_FAILURES } from '../db/sign-in-failures.ts'
import { userService } from '../service.ts'

/** What the schema has no default for, and hashes that cost little. */
export const TEST_ENV = { PF_SIGNING_KEY_SECRET: 'a secret for signing keys in tests', PF_BCRYPT_COST: '4' }

/** The password of everybody who is registered here. */
export const PASSWORD = 'correct horse'

/** A registered user, and what makes a call theirs. */
export type Person = { id: string; user: User; tokens: Tokens; as: Outgoing }

/** The real user service, with what its tests need around it; on a `database` that is given, one more replica. */
export async function startUserService(
  options: { env?: Record<string, string>; overrides?: Overrides<Deps>; database?: TestDatabase } = {},
) {
  const test = await startTestService(userService, { ...options, env: { ...TEST_ENV, ...options.env } })
  const auth = test.stub(AuthServiceService)
  const apiKeys = test.stub(ApiKeyServiceService)
  const gateway = test.stub(AuthServiceService, 'gateway')

  /** Registers somebody; what is not given is ordinary. */
  const person = async (username: string, fields: Partial<RegisterRequest> = {}): Promise<Person> => {
    const email = `${username}@example.org`
    const request = { username, email, password: PASSWORD, firstName: '', lastName: '', ...fields }
    const { user, tokens } = await auth.register(request)
    return { id: user!.id, user: user!, tokens: tokens!, as: { token: tokens!.accessToken } }
  }

  /** Somebody with a role, in a token that says so. */
  const personWithRole = async (username: string, role: Role): Promise<Person> => {
    const somebody = await person(username)
    await set(somebody.id, { role })
    const { tokens } = await auth.refreshToken({ refreshToken: somebody.tokens.refreshToken })
    return { ...somebody, tokens: tokens!, as: { token: tokens!.accessToken } }
  }

  /** Sets columns of a user past the service. */
  const set = (userId: string, columns: Record<string, unknown>) => {
    const names = Object.keys(columns).map((name, index) => `${name} = $${index + 2}`)
    const values = [userId, ...Object.values(columns)]
    return test.database.query(`update users set ${names.join(', ')} where id = $1`, values)
  }

  /** Makes it as late for all who failed to sign in as after a minute without a try. */
  const letAMinutePass = () =>
    test.database.query(`update sign_in_failures set retry_at = retry_at - interval '1 minute'`)

  /** Makes everybody who has to wait before the next sign-in wait for a minute more: a slow machine would outlast a wait of a second. */
  const lengthenWaits = () =>
    test.database.query(
      `update sign_in_failures set retry_at = now() + interval '1 minute' where failures >= ${FREE_FAILURES}`,
    )

  /** How many tries of many at once the first three and the time since `begun` allow: one more after a second, another two later, and so on. */
  const triesAllowedSince = (begun: number) =>
    FREE_FAILURES + Math.floor(Math.log2(1 + (performance.now() - begun) / 1000))

  /** Makes an API key; what is not given is ordinary. */
  const apiKeyOf = async ({ as }: Pick<Person, 'as'>, fields: Partial<CreateApiKeyRequest> = {}) => {
    const { apiKey, key } = await apiKeys.createApiKey({ name: 'app', scopes: [Scope.PROMPTS_READ], ...fields }, as)
    return { ...apiKey!, key }
  }

  /** Signs in through the gateway, which says where the client is. */
  const loginFrom = (address: string, login: string, password = PASSWORD) => {
    const metadata = new Metadata()
    metadata.set('x-envoy-external-address', address)
    return gateway.login({ login, password }, { metadata })
  }

  return {
    ...test,
    auth,
    apiKeys,
    users: test.stub(UserServiceService),
    internal: test.stub(UserInternalServiceService, 'prompt'),
    person,
    personWithRole,
    apiKeyOf,
    set,
    letAMinutePass,
    lengthenWaits,
    triesAllowedSince,
    loginFrom,
    refresh: ({ tokens }: Pick<Person, 'tokens'>) => auth.refreshToken({ refreshToken: tokens.refreshToken }),
  }
}

/** What `startUserService` answers with. */
export type UserTest = Awaited<ReturnType<typeof startUserService>>
