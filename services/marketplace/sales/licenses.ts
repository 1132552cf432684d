import type { EntityManager } from '@mikro-orm/postgresql'
import { lockOne } from '#chassis/db/lock-one.ts'
import type { Emit } from '#chassis/db/transaction.ts'
import { newId } from '#chassis/ids.ts'
import type { Vault } from '#chassis/vault.ts'
import { EVENTS } from '#contracts/events.ts'
import { AuditEntry_Action as Action } from '#contracts/gen/promptforge/audit/v1/audit.ts'
import {
  LicenseRevoked_Reason as Reason,
  licenseRevoked_ReasonToJSON,
} from '#contracts/gen/promptforge/marketplace/v1/marketplace_events.ts'
import * as audited from '../audited.ts'
import { License } from '../db/license.entity.ts'
import type { LicenseRow } from '../db/licenses.ts'
import { isOver } from '../license.ts'
import { hashOfLicenseKey, hintOfLicenseKey, makeLicenseKey } from '../license-key.ts'
import { aboutLicense, type LicenseEntity } from './events.ts'
import type { TransactionEntity } from './transaction-to-change.ts'

/** Milliseconds of a day. */
const DAY = 86_400_000

/** Grants the licence of a transaction that was just paid, which stays valid as long as was offered. One whose time is over makes room for it. */
export async function grantLicense(
  em: EntityManager,
  emit: Emit,
  {
    tx,
    vault,
    now,
    licenseId: id = newId(),
  }: { tx: TransactionEntity; vault: Vault; now: Date; licenseId?: string | undefined },
): Promise<LicenseEntity> {
  const { buyerId, promptId, licenseType, minVersion, maxVersion, durationDays, sellerId } = tx
  const former = await activeLicenseOf(em, tx)
  if (former) {
    endLicense(emit, former, Reason.RENEWED)
    // There is never a moment with two.
    await em.flush()
  }
  const license = em.create(License, {
    id,
    transaction: tx,
    promptId,
    buyerId,
    licenseType,
    sellerId,
    minVersion,
    maxVersion,
    expiresAt: durationDays ? new Date(now.getTime() + durationDays * DAY) : null,
    createdAt: now,
    ...newKey(id, vault),
  })
  emit(EVENTS.licenseGranted, aboutLicense(license))
  auditGrant(emit, license)
  return license
}

/** The active licence that a buyer has of a prompt and a type, locked until the transaction ends, for the expiry job may be about to end it. */
const activeLicenseOf = (
  em: EntityManager,
  { buyerId, promptId, licenseType }: Pick<LicenseEntity, 'buyerId' | 'promptId' | 'licenseType'>,
): Promise<LicenseEntity | null> => lockOne(em, License, { buyerId, promptId, licenseType, isActive: true })

/** A new licence key as it is stored. */
export function newKey(licenseId: string, vault: Vault) {
  const key = makeLicenseKey()
  const { secretId, sealed } = vault.seal(key, licenseId)
  return { licenseKeyHash: hashOfLicenseKey(key), keyHint: hintOfLicenseKey(key), secretId, licenseKeyEnc: sealed }
}

/** A licence key, as its buyer got it. */
export const keyOf = (
  { id, secret_id: secretId, license_key_enc: sealed }: Pick<LicenseRow, 'id' | 'secret_id' | 'license_key_enc'>,
  vault: Vault,
): string => vault.open({ secretId, sealed }, id)

/** Ends a licence: one whose time is over, or for another reason, about which the audit log has a text. */
export function endLicense(emit: Emit, license: LicenseEntity, reason: Reason, text?: string): void {
  license.isActive = false
  license.revision += 1
  emit(EVENTS.licenseRevoked, { ...aboutLicense(license), reason })
  const changed = { because: ['', licenseRevoked_ReasonToJSON(reason)] } as const
  emit.audit(EVENTS.marketplaceAudited, audited.aboutLicense(Action.LICENSE_REVOKED, license, changed, text))
}

/** Grants a licence again that was revoked, unless its time is over, or its buyer has bought another one meanwhile. */
export async function grantAgain(em: EntityManager, emit: Emit, license: LicenseEntity, now: Date): Promise<void> {
  if (isOver(license, now)) return
  const other = await activeLicenseOf(em, license)
  if (other && !isOver(other, now)) return
  if (other) {
    endLicense(emit, other, Reason.EXPIRED)
    await em.flush()
  }
  license.isActive = true
  license.revokedAt = null
  license.revokeReason = null
  license.revision += 1
  emit(EVENTS.licenseGranted, aboutLicense(license))
  auditGrant(emit, license)
}

const auditGrant = (emit: Emit, license: LicenseEntity) =>
  emit.audit(
    EVENTS.marketplaceAudited,
    audited.aboutLicense(Action.LICENSE_GRANTED, license, { type: ['', license.licenseType] }),
  )

/** Revokes a licence, unless it was revoked before. `text` is what its buyer reads. */
export function revokeLicense(emit: Emit, license: LicenseEntity, reason: Reason, text: string, now: Date): void {
  if (license.revokedAt) return
  license.revokedAt = now
  license.revokeReason = text
  endLicense(emit, license, reason, text)
}
