import { assertPolicy } from '#chassis/grpc/access.ts'
import type { Contract, Method } from '#contracts/contract.ts'
import { Policy_Caller as Who } from '#contracts/gen/promptforge/access/v1/access.ts'

/** A service that may stand behind the gateway. */
export type Backend = {
  /** As in its SPIFFE id. */
  name: string
  /** The nouns whose proto packages it serves, `promptforge.<noun>.v1`. */
  nouns: readonly string[]
  /** Its gRPC port, where none is given. */
  port: number
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
 * (`<Noun>InternalService`) and by their policy. Throws for a method without a policy, or of a package that none of `services` serves.
 */
export function exposedMethods(contract: Contract, services: readonly Backend[]): Exposed[] {
  return methodsForPeople(contract).map((method) => ({
    ...method,
    owner: ownerOf(method, services),
    isPublic: method.policy?.caller === Who.PUBLIC,
  }))
}

/** The same methods, whoever serves them. */
export const methodsForPeople = ({ methods }: Contract): Method[] => [...methods.values()].filter(isForPeople)

/** The services behind the gateway, each once. */
export const owners = (methods: Exposed[]) => [...new Set(methods.map(({ owner }) => owner))]

function isForPeople(method: Method): boolean {
  assertPolicy(method)
  return method.policy?.caller !== Who.INTERNAL && !method.service.endsWith('InternalService')
}

function ownerOf({ path, service }: Method, services: readonly Backend[]): string {
  const noun = service.split('.')[1]!
  const owner = services.find(({ nouns }) => nouns.includes(noun))
  if (!owner) {
    throw new Error(
      `${path}: no service serves promptforge.${noun}: add one to services/services.ts, or '${noun}' to the nouns in its service.ts`,
    )
  }
  return owner.name
}
