import { describe, expect, test } from '@jest/globals'
import {
  MongoNetworkError,
  MongoNetworkTimeoutError,
  MongoNotConnectedError,
  MongoOperationTimeoutError,
  MongoServerError,
  MongoServerSelectionError,
  MongoWriteConcernError,
} from 'mongodb'
import { retryOf, toAppError } from '../grpc/status.ts'
import { isDuplicateKey } from './mongo-failures.ts'

const refused = new MongoNetworkError('connect ECONNREFUSED 127.0.0.1:27017')
const unselected = new MongoServerSelectionError('connect ECONNREFUSED', { error: refused } as never)
const server = (code: number, errorLabels: string[] = []) =>
  new MongoServerError({ message: 'secret', code, errorLabels })

describe('of MongoDB’s failures', () => {
  test.each<[string, Error]>([
    ['a refused connection', refused],
    ['a connection that is too slow', new MongoNetworkTimeoutError('timed out')],
    ['a closed connection', new MongoNotConnectedError('closed')],
    ['no server', unselected],
    ['no server in the time of the operation', new MongoOperationTimeoutError('timed out', { cause: unselected })],
    ['a server that is going down', server(11_600)],
    ['a server that is not the primary', server(10_107)],
    ['what the server calls worth another try', server(1, ['RetryableWriteError'])],
    ['what lies in another error', new Error('wrapped', { cause: refused })],
  ])('%s is UNAVAILABLE, to be repeated', (_, error) => {
    expect(toAppError(error)).toMatchObject({
      reason: 'DEPENDENCY_UNAVAILABLE',
      message: 'the database does not answer',
    })
    expect(retryOf(error)).toBe('unavailable')
  })

  test.each<[string, Error]>([
    ['maxTimeMS, as the server tells it', server(50)],
    [
      'the time of the operation, as the driver tells it',
      new MongoOperationTimeoutError('timed out', { cause: server(50) }),
    ],
  ])('%s is DEADLINE_EXCEEDED', (_, error) => {
    expect(toAppError(error)).toMatchObject({ reason: 'DEADLINE_EXCEEDED' })
  })

  test('a write conflict is ABORTED', () => {
    expect(toAppError(server(112))).toMatchObject({ reason: 'CONCURRENT_CHANGE' })
  })

  test.each([
    ['a duplicate that no handler expected', server(11_000)],
    ['a command that is wrong', server(2)],
    ['a write concern that was not met', new MongoWriteConcernError({ writeConcernError: { code: 64 } } as never)],
    ['an error of nobody’s', new Error('secret')],
  ])('%s is a fault of ours, which says nothing', (_, error) => {
    expect(toAppError(error)).toMatchObject({
      reason: 'INTERNAL_ERROR',
      message: expect.not.stringContaining('secret'),
    })
  })

  test('a duplicate is known by its code, with and without the key', () => {
    expect(isDuplicateKey(server(11_000))).toBe(true)
    expect(isDuplicateKey(new Error('wrapped', { cause: server(11_000) }))).toBe(true)
    expect(isDuplicateKey(server(50))).toBe(false)
    expect(isDuplicateKey(Object.assign(new Error('of PostgreSQL'), { code: 11_000 }))).toBe(false)
  })
})
