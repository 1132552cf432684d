import { expect, test } from '@jest/globals'
import { attemptOf, isEmail } from './sign-in.ts'

test('an attempt is the same whatever the case of the account, and does not show it', () => {
  const attempt = attemptOf('Ann@Example.org', '192.0.2.7')
  expect(attempt).toEqual(attemptOf('ann@example.org', '192.0.2.7'))
  expect(attempt.account).toHaveLength(32)
  expect(attempt.account).not.toEqual(attemptOf('ann', '192.0.2.7').account)
})

test('an e-mail address is told from a username', () => {
  expect([isEmail('ann@example.org'), isEmail('ann')]).toEqual([true, false])
})
