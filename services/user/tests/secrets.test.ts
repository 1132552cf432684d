import { PassThrough } from 'node:stream'
import { status } from '@grpc/grpc-js'
import { expect, test } from '@jest/globals'
import { createLogger } from '#chassis/logger.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { makeApiKey } from '../api-keys.ts'
import { PASSWORD, startUserService } from './harness.ts'

test('no password, hash, token or e-mail address is in a log or an error, whatever fails', async () => {
  const lines: string[] = []
  const output = new PassThrough()
  output.on('data', (chunk: Buffer) => lines.push(chunk.toString()))
  const service = await startUserService({ overrides: { log: createLogger('user', 'trace', output) } })
  const ann = await service.person('ann')
  const { tokens } = await service.refresh(ann)
  await service.refresh({ tokens: tokens! })
  const change = { newPassword: 'another long one', refreshToken: tokens!.refreshToken }
  const failures = [
    await rejection(service.person('ann')),
    await rejection(service.person('other', { email: 'ann@example.org' })),
    await rejection(service.person('bad', { password: 'short' })),
    await rejection(service.auth.login({ login: 'ann@example.org', password: 'a wrong one' })),
    await rejection(service.refresh(ann)),
    await rejection(service.auth.changePassword({ ...change, presentPassword: 'not the present one' }, ann.as)),
    await rejection(service.auth.changePassword({ ...change, presentPassword: PASSWORD }, ann.as)),
    await rejection(service.users.getUser({ userId: 'me' }, { token: `${ann.tokens.accessToken}x` })),
  ]
  // Faults of ours, one in each lane: the database refuses the row, and says with what is in it why.
  await service.database.query('alter table users add constraint broken check (length(password) < 10) not valid')
  const faults = [
    await rejection(service.person('fault')),
    await rejection(service.users.updateUser({ userId: 'me', bio: 'new' }, ann.as)),
  ]
  for (const fault of faults) expect(fault).toMatchObject({ code: status.INTERNAL, reason: 'INTERNAL_ERROR' })
  await service.stop()

  const said = lines.join('') + JSON.stringify([...failures, ...faults])
  expect(lines.length).toBeGreaterThan(failures.length)
  for (const secret of [
    PASSWORD,
    'short',
    'a wrong one',
    'not the present one',
    'another long one',
    '$2b$',
    '@example.org',
  ])
    expect(said).not.toContain(secret)
  for (const token of [ann.tokens.refreshToken, ann.tokens.accessToken]) expect(said).not.toContain(token)
})

test('no API key is in a log, an error, an event or a table, whatever fails; its prefix and id tell which was made and revoked', async () => {
  const lines: string[] = []
  const output = new PassThrough()
  output.on('data', (chunk: Buffer) => lines.push(chunk.toString()))
  const service = await startUserService({ overrides: { log: createLogger('user', 'trace', output) } })
  const ann = await service.person('ann')
  const { id, prefix, key } = await service.apiKeyOf(ann)
  const exchange = (apiKey: string) => service.auth.exchangeApiKey({ apiKey })
  const { accessToken } = await exchange(key)
  const { apiKeys } = await service.apiKeys.listApiKeys({ pageSize: 0, pageToken: '' }, ann.as)
  await service.apiKeys.revokeApiKey({ keyId: id }, ann.as)
  const unknown = makeApiKey()
  const failures = [
    await rejection(exchange(key)),
    await rejection(exchange(unknown)),
    await rejection(exchange(`${key}x`)),
    await rejection(exchange(key.repeat(10))),
    await rejection(service.users.updateUser({ userId: 'me' }, { token: accessToken })),
    await rejection(service.users.getUser({ userId: 'me' }, { token: key })),
  ]
  // Faults of ours: the database refuses the rows.
  const { query } = service.database
  await query(`alter table api_keys add constraint broken check (name = '') not valid`)
  const second = await rejection(service.apiKeyOf(ann))
  await query('alter table api_keys rename column hash to gone')
  const faults = [second, await rejection(exchange(key))]
  for (const fault of faults) expect(fault).toMatchObject({ code: status.INTERNAL, reason: 'INTERNAL_ERROR' })
  const tables = ['users', 'api_keys', 'outbox', 'refresh_tokens', 'sign_in_failures']
  const rows: unknown[] = []
  for (const table of tables) rows.push(await query(`select t::text as row from ${table} t`))
  await service.stop()

  const said = lines.join('') + JSON.stringify([...failures, ...faults, apiKeys, rows])
  const shown = prefix.length
  for (const secret of [key, unknown]) expect(said).not.toContain(secret.slice(shown))
  expect(said).not.toContain(accessToken)
  expect(said).not.toContain(unknown.slice(0, shown))
  const logged = lines.map((line) => JSON.parse(line)).filter(({ keyId }) => keyId === id)
  expect(logged).toMatchObject([
    { msg: 'an API key was made', userId: ann.id, prefix, scopes: ['PROMPTS_READ'] },
    { msg: 'an API key is revoked', userId: ann.id, prefix },
  ])
})
