import { expect, test } from '@jest/globals'
import { Entitlement, License_Type } from '#contracts/gen/promptforge/marketplace/v1/license.ts'
import { entitlementRow } from './entitlement.ts'

const entitlement = (fields: Partial<Entitlement>) =>
  Entitlement.fromPartial({
    licenseId: 'l',
    licenseType: License_Type.COMMERCIAL,
    minVersion: 2,
    revision: 3n,
    ...fields,
  })

test('an entitlement is stored with what is absent as null, which means without an end', () => {
  expect(entitlementRow(entitlement({}))).toMatchObject({
    licenseId: 'l',
    licenseType: 'COMMERCIAL',
    minVersion: 2,
    maxVersion: null,
    expiresAt: null,
    active: false,
    revision: 3,
  })
  const expiresAt = new Date()
  expect(entitlementRow(entitlement({ maxVersion: 2, expiresAt }))).toMatchObject({ maxVersion: 2, expiresAt })
})

test('one whose last version is before its first is refused', () => {
  const refused = () => entitlementRow(entitlement({ maxVersion: 1 }))
  expect(refused).toThrow('entitlement.max_version: must not be below min_version')
})
