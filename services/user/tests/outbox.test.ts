import { Metadata, status } from '@grpc/grpc-js'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { readOutbox } from '#chassis/testing/outbox.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import type { UpdateUserRequest } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import { PASSWORD, type Person, startUserService, type UserTest } from './harness.ts'

let service: UserTest

beforeAll(async () => {
  service = await startUserService()
})
afterAll(() => service.stop())
beforeEach(() => clear())

const SIGNED_IN = 'pf.user.user.signed_in.v1'
const RENAMED = 'pf.user.user.renamed.v1'

const clear = () => service.database.query('delete from outbox')
const emitted = () => readOutbox(service.database)
const subjectsAndPayloads = async () => (await emitted()).map(({ subject, payload }) => [subject, payload] as const)
const rename = ({ as }: Person, patch: Partial<UpdateUserRequest>) =>
  service.users.updateUser({ userId: 'me', ...patch }, as)
const login = (name: string, password = PASSWORD) => service.auth.login({ login: name, password })
const numbers = (length: number) => Array.from({ length }, (_, index) => index)

/** Somebody whose registration is out of the way. */
async function registered(...names: Parameters<UserTest['person']>): Promise<Person> {
  const somebody = await service.person(...names)
  await clear()
  return somebody
}

describe('Register', () => {
  test('emits the user, by a subject that ends with the id', async () => {
    const { id, user } = await service.person('Ann', { email: 'Ann@example.org', firstName: 'A', lastName: 'B' })
    expect(await emitted()).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
        name: 'user.registered',
        subject: `pf.user.user.registered.v1.${id}`,
        payload: { metadata: { aggregateId: id, aggregateRevision: '1' }, username: 'Ann', email: 'Ann@example.org' },
        headers: { 'Pf-Request-Id': expect.stringMatching(/^[0-9a-f-]{36}$/) },
        occurredAt: user.createdAt,
      },
    ])
  })

  test('carries on the caller’s trace and request id', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    const metadata = Metadata.fromHttp2Headers({ traceparent, 'x-request-id': 'request-1' })
    const names = { username: 'traced', email: 'traced@example.org', firstName: '', lastName: '' }
    await service.auth.register({ ...names, password: PASSWORD }, { metadata })
    expect((await emitted()).map(({ headers }) => headers)).toEqual([{ traceparent, 'Pf-Request-Id': 'request-1' }])
  })

  test('emits nothing when a name is taken, and once for ten at once', async () => {
    await registered('bea')
    await rejection(service.person('BEA', { email: 'other@example.org' }))
    await rejection(service.person('other', { email: 'bea@example.org' }))
    expect(await emitted()).toEqual([])
    await Promise.allSettled(numbers(10).map(() => service.person('racer')))
    expect(await emitted()).toHaveLength(1)
  })
})

describe('Login', () => {
  test('emits the sign-in with the present revision and name, when the session began', async () => {
    const carl = await registered('carl')
    await rename(carl, { username: 'Carl', bio: 'B' })
    await clear()
    await login('carl@example.org')
    const metadata = { aggregateId: carl.id, aggregateRevision: '2' }
    expect(await subjectsAndPayloads()).toEqual([[SIGNED_IN, { metadata, username: 'Carl' }]])
    const [session] = await service.database.query(
      'select issued_at from refresh_tokens where user_id = $1 order by id desc limit 1',
      [carl.id],
    )
    expect((await emitted())[0]!.occurredAt).toEqual(session!['issued_at'])
  })

  test('emits nothing when it fails, and a refreshed session is no sign-in', async () => {
    const dora = await registered('dora')
    await rejection(login('dora', 'a wrong one'))
    await service.refresh(dora)
    expect(await emitted()).toEqual([])
  })
})

describe('UpdateUser', () => {
  test.each([
    ['another name', 'eve', 'eva'],
    ['another case', 'finn', 'FINN'],
  ])('emits %s, with the one before', async (_, previousUsername, username) => {
    const person = await registered(previousUsername)
    const { user } = await rename(person, { username, bio: 'New as well' })
    const metadata = { aggregateId: person.id, aggregateRevision: '2' }
    expect(await subjectsAndPayloads()).toEqual([[RENAMED, { metadata, username, previousUsername }]])
    expect((await emitted())[0]!.occurredAt).toEqual(user!.updatedAt)
  })

  test('emits nothing when the name stays, or the change is refused', async () => {
    const [gus] = [await service.person('gus'), await registered('taken')]
    await rename(gus, { username: 'gus', firstName: 'Gus', bio: 'B' })
    await rejection(rename(gus, { username: 'other', etag: '1' }))
    await rejection(rename(gus, { username: 'taken' }))
    expect(await emitted()).toEqual([])
  })

  test('by an administrator emits the user’s own event', async () => {
    const admin = await service.personWithRole('admin', 'ADMIN')
    const hal = await registered('hal')
    await service.users.updateUser({ userId: hal.id, username: 'hal2' }, admin.as)
    const metadata = { aggregateId: hal.id, aggregateRevision: '2' }
    expect(await subjectsAndPayloads()).toEqual([[RENAMED, { metadata, username: 'hal2', previousUsername: 'hal' }]])
  })

  test('20 times at once emits a chain: each name follows the one before', async () => {
    const person = await registered('ida')
    await Promise.all(numbers(20).map((n) => rename(person, { username: `ida-${n}` })))
    const events = (await subjectsAndPayloads()).map(
      ([, payload]) => payload as Record<string, string> & { metadata: any },
    )
    const inOrder = events.toSorted((a, b) => a.metadata.aggregateRevision - b.metadata.aggregateRevision)
    expect(inOrder.map(({ metadata }) => metadata.aggregateRevision)).toEqual(numbers(20).map((n) => String(n + 2)))
    const before = ['ida', ...inOrder.map(({ username }) => username)].slice(0, 20)
    expect(inOrder.map(({ previousUsername }) => previousUsername)).toEqual(before)
  })
})

test('no event has a password, a hash or a token, and an e-mail address is in user.registered alone', async () => {
  const jon = await service.person('jon', { password: 'a password of jon' })
  const { tokens } = await login('jon', 'a password of jon')
  await rename(jon, { username: 'jonathan' })
  const rows = await service.database.query<{ subject: string; said: string }>(
    `select subject, payload::text || headers::text as said from outbox order by id`,
  )
  expect(rows.map(({ subject }) => subject)).toEqual([`pf.user.user.registered.v1.${jon.id}`, SIGNED_IN, RENAMED])
  const [stored] = await service.database.query('select password from users where id = $1', [jon.id])
  const hashes = await service.database.query<{ hash: string }>(
    `select encode(token_hash, unnest(array['hex', 'base64'])) as hash from refresh_tokens where user_id = $1`,
    [jon.id],
  )
  const sessions = [jon.tokens, tokens!].flatMap(({ accessToken, refreshToken }) => [accessToken, refreshToken])
  const secrets = ['a password of jon', stored!['password'], ...sessions, ...hashes.map(({ hash }) => hash)]
  for (const { subject, said } of rows) {
    for (const secret of secrets) expect(said).not.toContain(secret)
    if (!subject.includes('registered')) expect(said).not.toContain('@')
  }
})

describe('a write and its events are one', () => {
  const query = (text: string) => service.database.query(text)
  const state = async () => ({
    outbox: await query('select count(*)::integer as n from outbox'),
    users: await query('select id, username, revision from users order by id'),
    sessions: await query('select id from refresh_tokens order by id'),
  })

  afterEach(async () => {
    for (const table of ['outbox', 'users', 'refresh_tokens']) {
      await query(`alter table ${table} drop constraint if exists broken`)
    }
  })

  test.each([
    ['outbox', ['register', 'login', 'rename']],
    ['refresh_tokens', ['register', 'login']],
    ['users', ['register']],
  ])('when %s cannot take its row, nothing is stored', async (table, failing) => {
    const person = await service.person(`kim-${table}`)
    const before = await state()
    await query(`alter table ${table} add constraint broken check (false) not valid`)
    const writes: Record<string, () => Promise<unknown>> = {
      register: () => service.person('lea'),
      login: () => login(`kim-${table}`),
      rename: () => rename(person, { username: 'other' }),
    }
    await service.silenced(async () => {
      for (const name of failing) expect(await rejection(writes[name]!())).toMatchObject({ code: status.INTERNAL })
    })
    expect(await state()).toEqual(before)
  })
})
