import { describe, expect, test } from '@jest/globals'
import { checkRotation, isActiveAt, isRevoked } from './license.ts'

const now = new Date('2026-11-28T10:00:00.000Z')
const later = new Date(now.getTime() + 1)
const refused = expect.objectContaining({ reason: 'LICENSE_NOT_ACTIVE' })

describe('a licence', () => {
  test('unlocks something until the moment in which it expires', () => {
    expect(isActiveAt({ isActive: true, expiresAt: null }, now)).toBe(true)
    expect(isActiveAt({ isActive: true, expiresAt: later }, now)).toBe(true)
    expect(isActiveAt({ isActive: true, expiresAt: now }, now)).toBe(false)
    expect(isActiveAt({ isActive: false, expiresAt: later }, now)).toBe(false)
  })

  test('can be revoked while it is active; a revoked one is revoked, and an expired one cannot be', () => {
    expect(isRevoked({ isActive: true, expiresAt: later }, now)).toBe(false)
    expect(isRevoked({ isActive: false, revokedAt: now, expiresAt: now }, now)).toBe(true)
    for (const over of [{ isActive: true, expiresAt: now }, { isActive: false }]) {
      expect(() => isRevoked(over, now)).toThrow(refused)
    }
  })

  test('gets another key while it is active only', () => {
    checkRotation({ isActive: true }, now)
    for (const over of [{ isActive: true, expiresAt: now }, { isActive: false }, { isActive: false, revokedAt: now }]) {
      expect(() => checkRotation(over, now)).toThrow(refused)
    }
  })
})
