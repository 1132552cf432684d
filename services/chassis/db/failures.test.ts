import { status } from '@grpc/grpc-js'
import { expect, test } from '@jest/globals'
import { databaseFailure } from './failures.ts'

// What `pg` says of a connection that died, by when it notices.
test.each([
  'Connection terminated unexpectedly',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
  'timeout exceeded when trying to connect',
])('"%s" is UNAVAILABLE', (message) => {
  expect(databaseFailure(new Error(message))).toMatchObject({ code: status.UNAVAILABLE })
})

test('a constraint that nobody expected is a fault of ours', () => {
  expect(databaseFailure(Object.assign(new Error('x'), { code: '23505' }))).toBeUndefined()
})
