import { expect, test } from '@jest/globals'
import { loadContract } from '#contracts/contract.ts'
import { ErrorInfo } from '#contracts/gen/google/rpc/error_details.ts'
import type { AppError } from '../errors.ts'
import { createRequestCheck } from './validation.ts'

test('NUL is refused in the keys and values of a map as in any other string', () => {
  const contract = loadContract()
  const check = createRequestCheck(contract, contract.registry.getMessage('google.rpc.ErrorInfo')!)
  const violationsOf = (metadata: Record<string, string>) => {
    try {
      check(ErrorInfo.encode(ErrorInfo.fromPartial({ reason: 'R', metadata })).finish())
      return []
    } catch (error) {
      return (error as AppError).violations.map(({ field }) => field)
    }
  }
  expect(violationsOf({ a: 'b' })).toEqual([])
  expect(violationsOf({ a: 'b', c: 'd\0' })).toEqual(['metadata["c"]'])
  expect(violationsOf({ 'c\0': 'd' })).toEqual(['metadata["c\\u0000"]'])
})
