import type { BaseConfig } from '#chassis/config.ts'
import type { Store } from '#chassis/db/store.ts'
import type { ServiceDefinition } from '#chassis/define-service.ts'
import { analyticsService } from '../analytics/service.ts'
import { marketplaceService } from '../marketplace/service.ts'
import { promptService } from '../prompt/service.ts'
import { testService } from '../test/service.ts'
import { userService } from '../user/service.ts'
import { versionService } from '../version/service.ts'
import { paymentSecrets, type Secrets } from './secrets.ts'

/** A service as this machine runs it. */
export type ServiceEntry = {
  name: string
  /** The nouns whose proto packages it serves. */
  nouns: readonly string[]
  /** Its default gRPC port. */
  port: number
  // Each has a configuration and a context of its own, which this list does not use.
  definition: ServiceDefinition<BaseConfig, object, Store>
  /** Environment beyond what every service gets. */
  env(secrets: Secrets): Record<string, string>
}

const entry = <C extends BaseConfig, Context extends object, S extends Store>(
  definition: ServiceDefinition<C, Context, S>,
  env: ServiceEntry['env'] = () => ({}),
): ServiceEntry => ({
  name: definition.name,
  nouns: definition.nouns ?? [definition.name],
  port: defaultPort(definition.config),
  definition: definition as unknown as ServiceEntry['definition'],
  env,
})

// convict's types do not say what a schema looks like.
const defaultPort = (schema: unknown) => (schema as { grpc: { port: { default: number } } }).grpc.port.default

/** The one list of services, in the order in which they are started. */
export const SERVICES: ServiceEntry[] = [
  entry(userService, (secrets) => ({ PF_SIGNING_KEY_SECRET: secrets.signingKeys, PF_BCRYPT_COST: '10' })),
  entry(promptService, (secrets) => ({ PF_VIEWER_SECRET: secrets.viewers })),
  entry(versionService),
  entry(testService, (secrets) => ({ PF_PROVIDER_KEY_SECRET: secrets.providerKeys })),
  entry(marketplaceService, (secrets) => ({
    PF_LICENSE_KEY_SECRET: secrets.licenseKeys,
    PF_LICENSE_SIGNING_KEY_SECRET: secrets.licenseSigningKeys,
    PF_PAYMENTS_KEY: paymentSecrets(secrets).key,
    PF_PAYMENTS_WEBHOOK_SECRET: paymentSecrets(secrets).webhookSecret,
  })),
  entry(analyticsService),
]
