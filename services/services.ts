import type { BaseConfig } from '#chassis/config.ts'
import type { Store } from '#chassis/db/store.ts'
import type { ServiceDefinition } from '#chassis/define-service.ts'
import { analyticsService } from './analytics/service.ts'
import { DEPLOY } from './broker/broker.ts'
import { marketplaceService } from './marketplace/service.ts'
import { promptService } from './prompt/service.ts'
import { testService } from './test/service.ts'
import { userService } from './user/service.ts'
import { versionService } from './version/service.ts'

/** A service, as those need to know it who run it or stand before it. */
export type ServiceEntry = {
  name: string
  /** The nouns whose proto packages it serves. */
  nouns: readonly string[]
  /** Its default gRPC port. */
  port: number
  // Each has a configuration and a context of its own, which this list does not use.
  definition: ServiceDefinition<BaseConfig, object, Store>
}

const entry = <C extends BaseConfig, Context extends object, S extends Store>(
  definition: ServiceDefinition<C, Context, S>,
): ServiceEntry => ({
  name: definition.name,
  nouns: definition.nouns ?? [definition.name],
  port: defaultPort(definition.config),
  definition: definition as unknown as ServiceEntry['definition'],
})

// convict's types do not say what a schema looks like.
const defaultPort = (schema: unknown) => (schema as { grpc: { port: { default: number } } }).grpc.port.default

/** The one list of services, in the order in which `npm start` starts them. */
export const SERVICES: ServiceEntry[] = [
  entry(userService),
  entry(promptService),
  entry(versionService),
  entry(testService),
  entry(marketplaceService),
  entry(analyticsService),
]

/** Who has a certificate in production: the services, the gateway, NATS, and `deploy`, which makes streams. */
export const MEMBERS: readonly string[] = [...SERVICES.map(({ name }) => name), 'gateway', 'nats', DEPLOY]
