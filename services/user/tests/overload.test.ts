import { status } from '@grpc/grpc-js'
import { expect, test } from '@jest/globals'
import { createSemaphore } from '#chassis/semaphore.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { until } from '#chassis/testing/until.ts'
import { createPasswords, type Passwords } from '../passwords.ts'
import { startUserService } from './harness.ts'

test('when as many passwords wait as may, further ones are refused at once; those that wait succeed', async () => {
  const real = createPasswords({ cost: 4, parallel: 2 })
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const semaphore = createSemaphore(2, 32, 'passwords being checked')
  let arrived = 0
  // The real thing, held up until the test lets it go.
  const passwords: Passwords = {
    ...real,
    inTurn: (network, signal, work) => {
      arrived++
      return semaphore.run(network, () => released.then(() => real.inTurn(network, signal, work)), signal)
    },
  }
  const service = await startUserService({ overrides: { context: { passwords } } })
  const waiting = Array.from({ length: 34 }, (_, i) => service.person(`waiting${i}`))
  await until('all of them to wait', () => arrived === 34)
  const overloaded = { code: status.RESOURCE_EXHAUSTED, reason: 'OVERLOADED', retryAfterMs: 1000 }
  expect(await rejection(service.person('late'))).toMatchObject(overloaded)
  expect(await rejection(service.auth.login({ login: 'waiting1', password: 'x' }))).toMatchObject(overloaded)
  expect(await service.database.query('select from sign_in_failures')).toEqual([])
  release()
  expect(await Promise.all(waiting)).toHaveLength(34)
  await service.person('late')
  await service.stop()
})
