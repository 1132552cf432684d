import { v7 } from 'uuid'
import type { Overrides } from '#chassis/define-service.ts'
import type { Outgoing } from '#chassis/grpc/client.ts'
import type { Role } from '#chassis/grpc/tokens.ts'
import type { TestDatabase } from '#chassis/testing/database.ts'
import { whileLocked } from '#chassis/testing/lock-waits.ts'
import { startTestService } from '#chassis/testing/service.ts'
import type { TestUser } from '#chassis/testing/identity.ts'
import { Entitlement, License_Type } from '#contracts/gen/promptforge/marketplace/v1/license.ts'
import { PromptInternalServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_internal_service.ts'
import { CreatePromptRequest, PromptServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { SocialServiceService } from '#contracts/gen/promptforge/prompt/v1/social_service.ts'
import type { Deps } from '../context.ts'
import { refreshRanks } from '../db/ranks.ts'
import { promptService } from '../service.ts'

/** A user of a test, and what makes a call theirs. */
export type Person = Required<TestUser> & { as: Outgoing }

/** What the schema has no default for. */
export const TEST_ENV = { PF_VIEWER_SECRET: 'a secret for readers’ addresses in tests' }

/** A new licence for all versions of a prompt; what is not given is ordinary. */
export const entitlementOf = (promptId: string, userId: string, fields: Partial<Entitlement> = {}) =>
  Entitlement.fromPartial({
    licenseId: v7(),
    promptId,
    userId,
    licenseType: License_Type.PERSONAL,
    minVersion: 1,
    active: true,
    revision: 1n,
    ...fields,
  })

/** The real prompt service on a database of its own, with what its tests need around it. */
export async function startPromptService(
  options: { env?: Record<string, string>; overrides?: Overrides<Deps>; database?: TestDatabase } = {},
) {
  const test = await startTestService(promptService, { ...options, env: { ...TEST_ENV, ...options.env } })
  const { database, identity, service } = test
  const prompts = test.stub(PromptServiceService)

  const person = async (username: string, role: Role = 'USER'): Promise<Person> => {
    const user = { userId: v7(), username, role }
    return { ...user, as: { token: await identity.tokenFor(user) } }
  }

  /** Creates a prompt by its RPC; what is not given is ordinary. */
  const create = async (owner: Person, fields: Partial<CreatePromptRequest> = {}) => {
    const request = CreatePromptRequest.fromPartial({ title: 'A title', content: 'Some content', ...fields })
    const { prompt } = await prompts.createPrompt(request, owner.as)
    return prompt!
  }

  /** Sets columns of a prompt past the service. */
  const set = (promptId: string, columns: Record<string, unknown>) => {
    const names = Object.keys(columns).map((name, index) => `${name} = $${index + 2}`)
    return database.query(`update prompts set ${names.join(', ')} where id = $1`, [promptId, ...Object.values(columns)])
  }

  /** Holds a prompt's row while `work` runs: see `whileLocked` of the chassis. */
  const whilePromptLocked = (promptId: string, work: Parameters<typeof whileLocked>[2]) =>
    whileLocked(database, ['select from prompts where id = $1 for update', [promptId]], work)

  const marketplace = test.stub(PromptInternalServiceService, 'marketplace')

  /** Lets somebody read versions of a prompt, as the marketplace does, and answers with the licence. */
  const entitle = async (promptId: string, userId: string, fields: Partial<Entitlement> = {}) => {
    const entitlement = entitlementOf(promptId, userId, fields)
    await marketplace.applyEntitlement({ entitlement })
    return entitlement
  }

  return {
    ...test,
    prompts,
    social: test.stub(SocialServiceService),
    internal: test.stub(PromptInternalServiceService, 'version'),
    marketplace,
    person,
    create,
    set,
    entitle,
    whilePromptLocked,
    refresh: () => refreshRanks(service.context.database),
  }
}

/** What `startPromptService` answers with. */
export type PromptTest = Awaited<ReturnType<typeof startPromptService>>
