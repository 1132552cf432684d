import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { openChannel } from '#chassis/grpc/client.ts'
import { openMesh } from '#chassis/grpc/tls.ts'
import { type Identity, remoteIdentity } from '#chassis/identity.ts'
import { readStatus } from '#chassis/grpc/status.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { testMesh } from '#chassis/testing/service.ts'
import { until } from '#chassis/testing/until.ts'
import { readClosedAccounts } from '#chassis/closed-accounts.ts'
import { loadContract } from '#contracts/contract.ts'
import { UserInternalServiceService } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import { jobs } from '../jobs.ts'
import { type Person, startUserService, type UserTest } from './harness.ts'

const [OLD_KEY, RECENT_KEY] = ['01890000-0000-7000-8000-00000000000a', '01890000-0000-7000-8000-00000000000b']

let service: UserTest
let replica: UserTest
let channel: ReturnType<typeof openChannel>
/** How another service knows users. */
let identity: Identity

beforeAll(async () => {
  service = await startUserService()
  replica = await startUserService({ database: service.database })
  const mesh = openMesh(testMesh('prompt'))
  channel = openChannel({ contract: loadContract(), mesh, service: 'user', target: service.target })
  identity = remoteIdentity(channel)
})
afterAll(async () => {
  channel.close()
  await replica.stop()
  await service.stop()
})

const close = ({ id }: Person) => service.set(id, { status: 'DEACTIVATED' })
const closed = async () => [...(await readClosedAccounts(identity.closedAccounts))]

test('other services learn who was closed, until the account is open again', async () => {
  const [ann] = [await service.person('ann'), await service.person('ben')]
  await close(ann)
  expect(await closed()).toEqual([ann.id])
  await service.set(ann.id, { bio: 'still closed' })
  expect(await closed()).toEqual([ann.id])
  await service.set(ann.id, { status: 'ACTIVE' })
  expect(await closed()).toEqual([])
})

test('within 5 s no replica of the user service takes a change of a closed account, and nothing of it is stored', async () => {
  const gone = await service.person('gone')
  await close(gone)
  const reasonAt = async ({ users }: UserTest) =>
    (await rejection(users.updateUser({ userId: 'me', bio: 'hello' }, gone.as))).reason
  for (const one of [service, replica])
    await until('changes to be refused', async () => (await reasonAt(one)) === 'ACCOUNT_DEACTIVATED', 5000)
  const error = await rejection(replica.users.updateUser({ userId: 'me', bio: 'hello' }, gone.as))
  expect(error).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'ACCOUNT_DEACTIVATED' })
  await service.set(gone.id, { status: 'ACTIVE' })
})

test('a list of any length arrives whole', async () => {
  const { query } = service.database
  await query('insert into closed_accounts select gen_random_uuid(), now() from generate_series(1, 2500)')
  await query('insert into revoked_api_keys select gen_random_uuid(), now() from generate_series(1, 1700)')
  expect(await closed()).toHaveLength(4200)
  await query('delete from closed_accounts')
  await query('delete from revoked_api_keys')
})

test('within 5 s no replica takes a token of an API key that was revoked, by its user or by hand, for whatever', async () => {
  const kate = await service.person('kate')
  const [byUser, byHand, active] = [
    await service.apiKeyOf(kate),
    await service.apiKeyOf(kate),
    await service.apiKeyOf(kate),
  ]
  const read = async (one: UserTest, { key }: { key: string }) => {
    const { accessToken } = await service.auth.exchangeApiKey({ apiKey: key })
    return () => one.users.getUser({ userId: kate.id }, { token: accessToken })
  }
  const reads = await Promise.all([service, replica].flatMap((one) => [read(one, byUser), read(one, byHand)]))
  const goesOn = await read(replica, active)
  for (const one of reads) await one()
  await service.apiKeys.revokeApiKey({ keyId: byUser.id }, kate.as)
  await service.database.query('update api_keys set revoked_at = now() where prefix = $1', [byHand.prefix])
  const reasonOf = (call: Promise<unknown>) =>
    call.then(
      () => undefined,
      (error) => readStatus(error),
    )
  for (const one of reads)
    await until('the token to be refused', async () => (await reasonOf(one())) !== undefined, 5000)
  expect(await reasonOf(reads[0]!())).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'API_KEY_INVALID' })
  await goesOn()
  expect((await closed()).toSorted()).toEqual([byUser.id, byHand.id].toSorted())
  await service.apiKeys.revokeApiKey({ keyId: byUser.id }, kate.as)
  expect(await closed()).toHaveLength(2)
  await service.database.query('delete from revoked_api_keys')
})

test('who was closed is forgotten when no access token is left, and not before', async () => {
  const [old, recent] = [await service.person('old'), await service.person('recent')]
  await Promise.all([close(old), close(recent)])
  const age = 'update closed_accounts set closed_at = now() - make_interval(secs => $2) where user_id = $1'
  await service.database.query(age, [old.id, 1201])
  await service.database.query(age, [recent.id, 1100])
  const revoked = `insert into revoked_api_keys values ($1, now() - make_interval(secs => $2))`
  await service.database.query(revoked, [OLD_KEY, 1201])
  await service.database.query(revoked, [RECENT_KEY, 1100])
  const cleanUp = jobs(service.service.context).find(({ name }) => name === 'delete what has expired')!
  await cleanUp.run(new AbortController().signal, { requestId: 'test' } as never)
  expect((await closed()).toSorted()).toEqual([recent.id, RECENT_KEY].toSorted())
})

test('only services of the mesh may ask', async () => {
  for (const peer of ['gateway', 'client']) {
    const error = await rejection(service.stub(UserInternalServiceService, peer).listClosedAccounts({}))
    expect(error).toMatchObject({ code: status.PERMISSION_DENIED })
  }
})
