import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { deleteExpired } from '../db/delete-expired.ts'
import { startUserService, type UserTest } from './harness.ts'

let service: UserTest

beforeAll(async () => {
  service = await startUserService()
})
afterAll(() => service.stop())

const count = async (table: string) => (await service.database.query(`select from ${table}`)).length

test('what has expired is deleted, and nothing else', async () => {
  const { query } = service.database
  const [ann, bob] = [await service.person('ann'), await service.person('bob')]
  await query('update refresh_tokens set expires_at = now() where user_id = $1', [bob.id])
  for (const name of ['old', 'recent']) await rejection(service.auth.login({ login: name, password: 'wrong' }))
  const [{ account }] = (await query('select account from sign_in_failures limit 1')) as [{ account: Buffer }]
  await query(`update sign_in_failures set retry_at = now() - interval '61 minutes' where account = $1`, [account])
  await service.users.updateUser({ userId: 'me', username: 'ann2' }, ann.as)
  await service.users.updateUser({ userId: 'me', username: 'bob2' }, bob.as)
  await query(`update held_usernames set held_until = now() where name = 'bob'`)

  await deleteExpired(service.service.context.database.sql, new AbortController().signal)
  expect(await count('refresh_tokens')).toBe(1)
  expect(await count('sign_in_failures')).toBe(1)
  expect(await query('select name from held_usernames')).toEqual([{ name: 'ann' }])
  await service.refresh(ann)
})

test('API keys go 90 days after their end, and those that never end stay', async () => {
  const { query } = service.database
  const dora = await service.person('dora')
  const made = async (name: string, column?: 'revoked_at' | 'expires_at', days = 0) => {
    const { id } = await service.apiKeyOf(dora, { name })
    if (column)
      await query(`update api_keys set ${column} = now() - make_interval(days => $2) where id = $1`, [id, days])
  }
  await made('revoked long ago', 'revoked_at', 91)
  await made('expired long ago', 'expires_at', 91)
  await made('revoked', 'revoked_at', 89)
  await made('expired', 'expires_at', 89)
  await made('active')
  await deleteExpired(service.service.context.database.sql, new AbortController().signal)
  const { apiKeys } = await service.apiKeys.listApiKeys({ pageSize: 0, pageToken: '' }, dora.as)
  expect(apiKeys.map(({ name }) => name)).toEqual(['active', 'expired', 'revoked'])
})

test('any number of rows goes', async () => {
  await service.database.query(
    `insert into sign_in_failures select sha256(i::text::bytea), '192.0.2.7', 1, now() - interval '2 hours'
    from generate_series(1, 12000) i`,
  )
  const before = await count('sign_in_failures')
  await deleteExpired(service.service.context.database.sql, new AbortController().signal)
  expect(await count('sign_in_failures')).toBe(before - 12_000)
})
