import { expect, test } from '@jest/globals'
import { checkTokenRules } from './access-tokens.ts'

test.each([0, 3600, 86_400])('access tokens that would be valid for %i seconds are refused', (accessSeconds) => {
  expect(() => checkTokenRules({ accessSeconds })).toThrow(
    `PF_ACCESS_TOKEN_SECONDS is ${accessSeconds}: set 1 to 3599, because services forget after 3600 seconds`,
  )
})

test.each([1, 900, 3599])('access tokens may be valid for %i seconds', (accessSeconds) => {
  checkTokenRules({ accessSeconds })
})
