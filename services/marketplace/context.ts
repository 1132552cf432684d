import { splitSecrets } from '#chassis/config.ts'
import type { Database } from '#chassis/db/orm.ts'
import type { Base } from '#chassis/define-service.ts'
import { createStub, type Stub } from '#chassis/grpc/client.ts'
import type { Logger } from '#chassis/logger.ts'
import type { PageTokens } from '#chassis/page-token.ts'
import type { KeyRing } from '#chassis/signing/key-ring.ts'
import { createVault, type Vault } from '#chassis/vault.ts'
import { PromptInternalServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_internal_service.ts'
import { PromptServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { TestInternalServiceService } from '#contracts/gen/promptforge/test/v1/test_internal_service.ts'
import type { MarketplaceConfig } from './config.ts'
import { createLicenseKeys } from './license-keys.ts'
import { checkFeeBps } from './money.ts'
import { createPayments, type Payments } from './payments/payments.ts'
import { createSalesMetrics } from './sales/metrics.ts'
import { createSales, type Sales } from './sales/sales.ts'

/** What handlers, jobs and subscriptions of this service need beside the call; each takes the part that it uses. */
export type Deps = {
  config: MarketplaceConfig
  database: Database
  pageTokens: PageTokens
  log: Logger
  /** What signs licence documents, and what encrypts licence keys. */
  keys: { documents: KeyRing; vault: Vault }
  payments: Payments
  sales: Sales
  /** The other services. */
  remote: Remote
}

/** The RPCs of other services that this one calls: with the caller's token, but `checkAccess` and `applyEntitlement` also without one. */
export type Remote = {
  access: Pick<Stub<typeof PromptInternalServiceService>, 'checkAccess' | 'applyEntitlement'>
  prompts: Pick<Stub<typeof PromptServiceService>, 'listCategories'>
  tests: Pick<Stub<typeof TestInternalServiceService>, 'getSample'>
}

/** Part of what encrypts licence keys, so it never changes. */
export const KEYS_PURPOSE = 'promptforge licence keys'

/** Makes the context of one service. Throws when the fee is more than a sale. A test may put others in the place of the services that are asked. */
export function createContext(base: Base<MarketplaceConfig>, remote: Remote = openRemote(base)): Deps {
  const { config, database, pageTokens, log } = base
  checkFeeBps(config.sales.feeBps)
  const { keySecret, formerKeySecrets, signingKeySecret: secret, rotationSeconds, cacheSeconds } = config.licenses
  const vault = createVault([keySecret, ...splitSecrets(formerKeySecrets)], KEYS_PURPOSE)
  const payments = createPayments(config.payments)
  const metrics = createSalesMetrics(base.metrics.registry, database)
  return {
    config,
    database,
    pageTokens,
    log,
    keys: { documents: createLicenseKeys(database, { secret, rotationSeconds, cacheSeconds }), vault },
    payments,
    sales: createSales({ database, payments, vault, access: remote.access, metrics, log }),
    remote,
  }
}

function openRemote({ config, openChannel }: Base<MarketplaceConfig>): Remote {
  const prompt = openChannel('prompt', config.promptService)
  return {
    access: createStub(prompt, PromptInternalServiceService),
    prompts: createStub(prompt, PromptServiceService),
    tests: createStub(openChannel('test', config.testService), TestInternalServiceService),
  }
}
