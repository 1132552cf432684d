import { status } from '@grpc/grpc-js'
import { expect, test } from '@jest/globals'
import { Client } from 'pg'
import { databaseFailure } from './failures.ts'

// What `pg` says of a connection that died, by when it notices.
test.each([
  'Connection terminated unexpectedly',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
  'timeout exceeded when trying to connect',
  'timeout expired',
])('"%s" is UNAVAILABLE', (message) => {
  expect(databaseFailure(new Error(message))).toMatchObject({ code: status.UNAVAILABLE })
})

test('a database that takes no connections, as while it is restored, is UNAVAILABLE', async () => {
  // PostgreSQL has one of that kind.
  const url = Object.assign(new URL(process.env['PF_TEST_POSTGRES_URL']!), { pathname: '/template0' })
  const client = new Client({ connectionString: url.href })
  const failure = await client.connect().catch((error: unknown) => databaseFailure(error))
  expect(failure).toMatchObject({ code: status.UNAVAILABLE })
})

test('a constraint that nobody expected is a fault of ours', () => {
  expect(databaseFailure(Object.assign(new Error('x'), { code: '23505' }))).toBeUndefined()
})
