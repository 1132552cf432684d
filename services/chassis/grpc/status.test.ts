import { describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { Metadata, status } from '@grpc/grpc-js'
import { exhausted, invalid, notFound } from '../errors.ts'
import { readStatus, retryOf, toAppError, toStatus } from './status.ts'

const sent = (error: unknown) => readStatus(Object.assign(new Error(), toStatus(toAppError(error), 'request-7')))

test('an AppError arrives with its code, reason, message and the request id', () => {
  expect(sent(notFound('prompt'))).toMatchObject({
    code: status.NOT_FOUND,
    reason: 'RESOURCE_NOT_FOUND',
    message: 'no such prompt',
    metadata: { request_id: 'request-7' },
  })
})

test('all violations arrive, in the message and as BadRequest', () => {
  const error = sent(
    invalid([
      { field: 'title', description: 'is too long' },
      { field: 'tags[2]', description: 'is empty' },
    ]),
  )
  expect(error.message).toBe('title: is too long; tags[2]: is empty')
  expect(error.violations.map(({ field }) => field)).toEqual(['title', 'tags[2]'])
})

test('a delay arrives as RetryInfo, and as retry-after in whole seconds', () => {
  const wire = toStatus(exhausted('OVERLOADED', 'busy', 1500), 'r')
  expect(wire.metadata.get('retry-after')).toEqual(['2'])
  expect(sent(exhausted('OVERLOADED', 'busy', 1500)).retryAfterMs).toBe(1500)
})

test('what was not meant for the caller never reaches it', () => {
  const secret = 'password=hunter2 at /srv/user/db.ts'
  const foreign = [new Error(secret), new TypeError(secret), secret, undefined, { code: 5, message: secret }]
  for (const error of foreign) {
    const answer = sent(error)
    expect(answer).toMatchObject({ code: status.INTERNAL, reason: 'INTERNAL_ERROR' })
    expect(JSON.stringify(answer)).not.toContain('hunter2')
  }
})

test.each([
  ['40001', status.ABORTED, 'CONCURRENT_CHANGE'],
  ['55P03', status.ABORTED, 'CONCURRENT_CHANGE'],
  ['57014', status.DEADLINE_EXCEEDED, 'DEADLINE_EXCEEDED'],
  ['57P01', status.UNAVAILABLE, 'DEPENDENCY_UNAVAILABLE'],
  ['53300', status.UNAVAILABLE, 'DEPENDENCY_UNAVAILABLE'],
  ['ECONNREFUSED', status.UNAVAILABLE, 'DEPENDENCY_UNAVAILABLE'],
  ['23505', status.INTERNAL, 'INTERNAL_ERROR'],
])('a database’s %s is %i %s, bare and in MikroORM’s wrapper', (code, expected, reason) => {
  const bare = Object.assign(new Error('the driver says'), { code })
  for (const error of [bare, new Error('wrapped', { cause: bare })]) {
    expect(sent(error)).toMatchObject({ code: expected, reason })
  }
})

describe('what another service or server fails with', () => {
  const bare = (code: status) =>
    Object.assign(new Error('14 UNAVAILABLE: a proxy says'), {
      code,
      details: 'a proxy says',
      metadata: new Metadata(),
      service: 'user',
    })

  test.each([
    status.INVALID_ARGUMENT,
    status.UNAUTHENTICATED,
    status.PERMISSION_DENIED,
    status.RESOURCE_EXHAUSTED,
    status.UNIMPLEMENTED,
    status.CANCELLED,
    status.UNAVAILABLE,
  ])('%i without a reason of ours means that the service is unavailable', (code) => {
    const expected = { code: status.UNAVAILABLE, reason: 'DEPENDENCY_UNAVAILABLE' }
    expect(sent(bare(code))).toMatchObject({ ...expected, message: 'the user service does not answer' })
  })

  test('a refused fetch is not the database', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    const error: unknown = await fetch(`http://127.0.0.1:${port}`).catch((thrown: unknown) => thrown)
    expect(sent(error)).toMatchObject({ code: status.UNAVAILABLE, message: 'another server does not answer' })
  })

  test('a service that is busy is waited for', () => {
    expect(retryOf(exhausted('OVERLOADED', 'busy', 1500))).toBe('unavailable')
  })
})
