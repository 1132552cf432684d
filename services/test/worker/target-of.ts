import type { Logger } from '#chassis/logger.ts'
import type { ClaimedRow } from '../db/claim-test.ts'
import type { KeyVault } from '../key-vault.ts'
import type { Models } from '../models.ts'
import type { Outcome } from '../providers/call-model.ts'
import type { Target } from '../providers/target.ts'

type Failed = Extract<Outcome, { kind: 'failed' }>
type Parts = { models: Models; vault: KeyVault; log: Logger }

/** Where and with which key a test is to be run: its owner's own, which is decrypted here, or the operator's. Or why it cannot be. */
export function targetOf({ models, vault, log }: Parts, claimed: ClaimedRow): Target | Failed {
  const { id, model_provider: provider, key_id: keyId, secret_id: secretId, sealed } = claimed
  const model = models.find(provider, claimed.model_name)
  if (!model) return failed(`the operator has removed this model of ${provider}`)
  if (keyId === null) return model.target
  if (secretId === null || sealed === null)
    return failed(`your key of ${provider} was revoked before the model was called`)
  try {
    return { ...model.target, apiKey: vault.open({ secretId, sealed }, { userId: claimed.user_id, provider }) }
  } catch (err) {
    log.error({ test: id, keyId, secretId, err }, 'a key of a provider cannot be decrypted')
    return failed(`your key of ${provider} cannot be decrypted: revoke it, and store it again`)
  }
}

const failed = (message: string): Failed => ({ kind: 'failed', code: 'PROVIDER_ERROR', message, mayCost: false })
