import { assertPolicy } from '#chassis/grpc/access.ts'
import type { Contract, Method } from '#contracts/contract.ts'
import { Policy_Caller as Who } from '#contracts/gen/promptforge/access/v1/access.ts'

/** Which service serves a proto package `promptforge.<noun>.v1`. A new noun needs a line here. */
const OWNERS: Record<string, string> = {
  auth: 'user',
  user: 'user',
  prompt: 'prompt',
  version: 'version',
  analytics: 'analytics',
}

/** An RPC that people may reach through the gateway. */
export type Exposed = Method & {
  /** The service that serves it: the name of its cluster and in its SPIFFE id. */
  owner: string
  /** It may be called without a token. */
  isPublic: boolean
}

/**
 * The RPCs on the gateway: all but those for other services, which are hidden both by the name of their proto service
 * (`<Noun>InternalService`) and by their policy. Throws for a method without a policy or without an owner.
 */
export function exposedMethods({ methods }: Contract): Exposed[] {
  return [...methods.values()].filter(isForPeople).map((method) => ({
    ...method,
    owner: ownerOf(method),
    isPublic: method.policy?.caller === Who.PUBLIC,
  }))
}

/** The services behind the gateway, each once. */
export const owners = (methods: Exposed[]) => [...new Set(methods.map(({ owner }) => owner))]

function isForPeople(method: Method): boolean {
  assertPolicy(method)
  return method.policy?.caller !== Who.INTERNAL && !method.service.endsWith('InternalService')
}

function ownerOf({ path, service }: Method): string {
  const noun = service.split('.')[1] ?? ''
  const owner = OWNERS[noun]
  if (!owner) throw new Error(`${path}: say in gateway/exposed.ts which service serves promptforge.${noun}`)
  return owner
}
