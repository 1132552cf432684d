import { describe, expect, test } from '@jest/globals'
import { applyDeactivation, applyProfile, applyRole } from './user.ts'

const before = new Date('2026-01-01')
const now = new Date('2026-02-02')
const lena = () => ({
  username: 'lena',
  firstName: 'Lena',
  lastName: null,
  bio: 'Writes',
  role: 'USER' as const,
  status: 'ACTIVE' as const,
  revision: 3,
  updatedAt: before,
})

describe('a change of a profile', () => {
  test('leaves what is absent, and clears what is empty', () => {
    const user = lena()
    expect(applyProfile(user, { firstName: '', bio: 'Reads' }, now)).toEqual({})
    expect(user).toEqual({ ...lena(), firstName: null, bio: 'Reads', revision: 4, updatedAt: now })
  })

  test.each([{}, { username: 'lena' }, { lastName: '' }, { firstName: 'Lena', bio: 'Writes' }])(
    'to %j changes nothing, and makes no revision',
    (change) => {
      const user = lena()
      expect(applyProfile(user, change, now)).toEqual({})
      expect(user).toEqual(lena())
    },
  )

  test.each(['Lena', 'marie'])('of the name to %s says what it was', (username) => {
    const user = lena()
    expect(applyProfile(user, { username }, now)).toEqual({ formerUsername: 'lena' })
    expect(user).toEqual({ ...lena(), username, revision: 4, updatedAt: now })
  })

  test('never sets its time back, whatever the clock of this replica says', () => {
    const user = { ...lena(), updatedAt: now }
    applyProfile(user, { bio: '' }, before)
    expect(user).toMatchObject({ bio: null, revision: 4, updatedAt: now })
  })
})

test('another role makes a revision, and the same one does not', () => {
  const user: Omit<ReturnType<typeof lena>, 'role'> & { role: 'USER' | 'MODERATOR' } = lena()
  applyRole(user, 'USER', now)
  expect(user).toEqual(lena())
  applyRole(user, 'MODERATOR', now)
  expect(user).toEqual({ ...lena(), role: 'MODERATOR', revision: 4, updatedAt: now })
})

test('a closed account has a revision of its own', () => {
  const user: Omit<ReturnType<typeof lena>, 'status'> & { status: 'ACTIVE' | 'DEACTIVATED' } = lena()
  applyDeactivation(user, now)
  expect(user).toEqual({ ...lena(), status: 'DEACTIVATED', revision: 4, updatedAt: now })
})
