import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { nanos } from '@nats-io/transport-node'
import { Client } from 'pg'
import { until } from '#chassis/testing/until.ts'
import { DELETED_USER } from '#contracts/events.ts'
import { onDatabase } from '../../../scripts/processes/on-database.ts'
import { runCommand, startCommand } from './command.ts'
import { startTestNetwork, type TestNetwork } from './harness.ts'
import { runAsProcess } from './own-process.ts'

/** More than one batch of `end_follows`, and more than one of renaming prompts. */
const FOLLOWERS = 600
const PROMPTS = 1100

let network: TestNetwork

beforeAll(async () => {
  network = await startTestNetwork()
  // What a killed service was handling comes again sooner.
  await network.broker.manager.consumers.update('PF_USER', 'prompt', { ack_wait: nanos(2000) })
})
afterAll(() => network.stop())

const databaseOf = (service: string) => network.services[service]!.databaseUrl
const count = async (service: string, from: string, ...values: unknown[]) =>
  (
    await onDatabase<{ count: number }>(
      databaseOf(service),
      `select count(*)::integer as count from ${from}`,
      ...values,
    )
  )[0]!.count

/**
 * Holds a batch before it changes anything: `change` is what it does (`delete on user_follows`), `when` the SQL condition that
 * is true once the batch before it is committed.
 */
async function holdBatch(service: string, change: string, when: string) {
  const client = new Client({ connectionString: databaseOf(service) })
  await client.connect()
  await client.query(`
    create function hold_batch() returns trigger language plpgsql set lock_timeout = 0 as $$
    begin
      if ${when} then perform pg_advisory_xact_lock(1); end if;
      return null;
    end $$;
    create trigger hold_batch before ${change} for each statement execute function hold_batch();
    select pg_advisory_lock(1)`)
  const held = async () => {
    const { rows } = await client.query<{ pid: number }>(
      'select pid from pg_stat_activity where pg_backend_pid() = any (pg_blocking_pids(pid))',
    )
    return rows.map(({ pid }) => pid)
  }
  return {
    untilHeld: () => until('a batch to be held', async () => (await held()).length > 0),
    /** Lets all go on. A server does not notice that its client is gone before it has the lock: what a killed process began is ended. */
    endHeld: async () => {
      await client.query('select pg_terminate_backend(pid) from unnest($1::integer[]) pid', [await held()])
      await client.query('drop function hold_batch() cascade')
      await client.end()
    },
  }
}

test('the command is killed between two batches of follows: another run ends the rest, and each follow once', async () => {
  const mia = await network.signUp('mia-former')
  await onDatabase(
    databaseOf('user'),
    `with followers as (
      insert into users (id, username, email, password, created_at, following_count)
      select gen_random_uuid(), 'fan-' || i, 'fan-' || i || '@example.com', '-', now(), 1 from generate_series(1, $2::integer) i
      returning id
    ),
    followed as (update users set followers_count = $2 where id = $1)
    insert into user_follows (id, follower_id, following_id, created_at) select gen_random_uuid(), id, $1, now() from followers`,
    mia.id,
    FOLLOWERS,
  )
  const follows = () => count('user', 'user_follows where following_id = $1', mia.id)
  const hold = await holdBatch(
    'user',
    'delete on user_follows',
    `(select count(*) < ${FOLLOWERS} from user_follows where following_id = '${mia.id}')`,
  )
  const running = startCommand(network, ['user', 'erase', mia.email])
  await hold.untilHeld()
  running.kill('SIGKILL')
  expect(await once(running, 'exit')).toEqual([null, 'SIGKILL'])
  await hold.endHeld()
  const left = await follows()
  expect(left).toBeGreaterThan(0)
  expect(left).toBeLessThan(FOLLOWERS)
  // The address is gone by now.
  await expect(runCommand(network, 'user', 'erase', mia.email)).rejects.toThrow('give the id that it logged')

  expect((await runCommand(network, 'user', 'erase', mia.id)).at(-1)).toMatchObject({ userId: mia.id, wasErased: true })
  expect(await follows()).toBe(0)
  const countedDown = `users where username like 'fan-%' and following_count = 0 and follows_revision = 1`
  expect(await count('user', countedDown)).toBe(FOLLOWERS)
  expect(await count('user', 'users where id = $1 and followers_count = 0', mia.id)).toBe(1)
  expect(await count('user', `outbox where payload::text like '%mia-former%'`)).toBe(0)
}, 240_000)

test('the prompt service is killed between two batches of prompts: when it is there again, it does the rest', async () => {
  const leo = await network.signUp('leo-former')
  await network.rest('POST /v1/prompts', { token: leo.token, body: { title: 'Of Leo', content: 'Text' } })
  await network.processAll()
  await using service = await runAsProcess(network, 'prompt')
  // Of ids so old that the job that repairs the names of new rows leaves them alone.
  await onDatabase(
    databaseOf('prompt'),
    `insert into prompts (id, title, content, user_id, username, created_at)
    select ('01890000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 'Old', 'Text', $1, 'leo-former', now() - i * interval '1 hour'
    from generate_series(1, $2::integer) i`,
    leo.id,
    PROMPTS,
  )
  const named = () => count('prompt', `prompts where user_id = $1 and username = 'leo-former'`, leo.id)
  expect(await named()).toBe(PROMPTS + 1)
  const hold = await holdBatch(
    'prompt',
    'update on prompts',
    `(select count(*) < ${PROMPTS} from prompts where username = 'leo-former')`,
  )
  const erasing = runCommand(network, 'user', 'erase', leo.email).then(
    () => true,
    () => false,
  )
  await hold.untilHeld()
  await service.kill()
  await hold.endHeld()
  const left = await named()
  expect(left).toBeGreaterThan(0)
  expect(left).toBeLessThan(PROMPTS)

  await service.start()
  // It may have waited for so long that it gave up.
  if (!(await erasing)) await runCommand(network, 'user', 'erase', leo.id)
  expect(await named()).toBe(0)
  expect(await count('prompt', 'prompts where user_id = $1 and username = $2', leo.id, DELETED_USER)).toBe(PROMPTS + 1)
  expect(await count('prompt', `outbox where payload::text like '%leo-former%'`)).toBe(0)
}, 240_000)
