import { notFound } from '#chassis/errors.ts'
import { isAdmin } from '#chassis/grpc/access.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { GetLicenseRequest } from '#contracts/gen/promptforge/marketplace/v1/license_service.ts'
import type { Deps } from '../context.ts'
import { getLicense as find, type LicenseRow } from '../db/licenses.ts'
import { signLicenseDocument } from '../license-document.ts'
import { keyOf } from '../sales/licenses.ts'
import { toLicense } from './view.ts'

export const getLicense =
  ({ config, keys }: Pick<Deps, 'config' | 'keys'>) =>
  async ({ licenseId }: GetLicenseRequest, call: Call) => {
    const [row] = await call.sql(find, { id: licenseId })
    if (!row) throw notFound('license')
    if (row.buyer_id === call.caller.userId) {
      const document = await documentOf(row, keys, config.auth.issuer)
      return { license: toLicense(row), licenseKey: keyOf(row, keys.vault), document }
    }
    if (row.seller_id !== call.caller.userId && !(await isAdmin(call))) throw notFound('license')
    return { license: toLicense(row), licenseKey: '', document: '' }
  }

/** Empty when the licence is not active. */
async function documentOf(row: LicenseRow, { documents }: Deps['keys'], issuer: string): Promise<string> {
  if (!row.is_active) return ''
  const facts = {
    id: row.id,
    promptId: row.prompt_id,
    licenseType: row.license_type,
    minVersion: row.min_version,
    maxVersion: row.max_version,
    revision: row.revision,
    keyHash: row.license_key_hash,
    isActive: row.is_active,
    expiresAt: row.expires_at,
  }
  return (await signLicenseDocument(await documents.signer(), issuer, facts, new Date())) ?? ''
}
