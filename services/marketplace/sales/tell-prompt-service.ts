import type { Cause } from '#chassis/cause.ts'
import { carryOn, type Stub } from '#chassis/grpc/client.ts'
import type { Logger } from '#chassis/logger.ts'
import type { PromptInternalServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_internal_service.ts'
import { entitlementOf, type LicenseEntity } from './events.ts'

/** What of the prompt service is told. */
export type Entitlements = Pick<Stub<typeof PromptInternalServiceService>, 'applyEntitlement'>

/** Milliseconds that it may take. */
const APPLY_MS = 500

/**
 * Tells the prompt service at once what a licence unlocks, or that it unlocks nothing any more. It never throws: when the prompt service does not answer,
 * the licence's event tells it. Call it when what it tells is stored.
 */
export const tellPromptService =
  (access: Entitlements, log: Logger) =>
  async (license: LicenseEntity, cause: Cause): Promise<void> => {
    const entitlement = entitlementOf(license)
    await access.applyEntitlement({ entitlement }, { ...carryOn(cause), timeoutMs: APPLY_MS }).catch((err: unknown) => {
      log.warn({ license: license.id, err }, 'the prompt service was not told of a licence: its event will tell it')
    })
  }
