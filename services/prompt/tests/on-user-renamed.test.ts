import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { jetstream } from '@nats-io/jetstream'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import { jobCause } from '#chassis/cause.ts'
import type { Received } from '#chassis/events/envelope.ts'
import { deleteHandled, INBOX_DAYS } from '#chassis/events/inbox.ts'
import { readOutbox } from '#chassis/testing/outbox.ts'
import { whileLocked } from '#chassis/testing/lock-waits.ts'
import { until } from '#chassis/testing/until.ts'
import { readTraceparent } from '#chassis/trace.ts'
import { ALL_EVENTS, EVENTS, STREAMS } from '#contracts/events.ts'
import { UserRenamed } from '#contracts/gen/promptforge/user/v1/user_events.ts'
import { startTestBroker, type TestBroker } from '../../dev-env/infra/test-broker.ts'
import { subscriptions } from '../events/index.ts'
import { type Person, type PromptTest, startPromptService } from './harness.ts'

let broker: TestBroker
let service: PromptTest

beforeAll(async () => {
  broker = await startTestBroker()
  service = await startPromptService({ env: { PF_NATS_URL: broker.url } })
})
afterAll(async () => {
  await service.stop()
  await broker.stop()
})

const numbers = (length: number) => Array.from({ length }, (_, index) => index)
const renamed = (userId: string, username: string, revision: number) =>
  UserRenamed.fromPartial({ metadata: { aggregateId: userId, aggregateRevision: BigInt(revision) }, username })

/** An event as the consumer hands it over. */
const received = (userId: string, username: string, revision: number): Received => ({
  event: EVENTS.userRenamed as Received['event'],
  id: v7(),
  payload: renamed(userId, username, revision),
  requestId: undefined,
  trace: readTraceparent(''),
})

/** Has events handled as they come, each delivery on its own. */
const deliver = (...events: Received[]) => {
  const [{ handle }] = subscriptions(service.service.context) as [ReturnType<typeof subscriptions>[0]]
  return Promise.all(events.map((event) => handle([event])))
}

const query = (text: string, values?: unknown[]) => service.database.query(text, values)

/** Under which names a user is shown, by table. */
async function namesOf({ userId }: Person) {
  const names: Record<string, unknown[]> = {}
  for (const table of ['prompts', 'prompt_comments', 'prompt_ratings', 'authors']) {
    const rows = await query(`select distinct username from ${table} where user_id = $1 order by 1`, [userId])
    names[table] = rows.map(({ username }) => username)
  }
  return names
}

const everywhere = (name: string) => ({
  prompts: [name],
  prompt_comments: [name],
  prompt_ratings: [name],
  authors: [name],
})

/** Somebody with two prompts, a comment and a rating. */
async function author(name: string): Promise<Person> {
  const person = await service.person(name)
  const { id } = await service.create(person)
  await service.create(person, { isPublic: false })
  const values = [v7(), id, person.userId, name]
  await query(
    `insert into prompt_comments (id, prompt_id, user_id, username, content, created_at) values ($1, $2, $3, $4, 'C', now())`,
    values,
  )
  await query(
    `insert into prompt_ratings (id, prompt_id, user_id, username, rating, created_at) values ($1, $2, $3, $4, 5, now())`,
    values,
  )
  return person
}

describe('when a user takes another name', () => {
  test('it is shown wherever they are, and nobody else is touched, nor any revision', async () => {
    const [ann, bob] = [await author('ann'), await author('bob')]
    const before = await query('select id, revision, version, updated_at from prompts order by id')
    const { subject } = EVENTS.userRenamed
    const data = UserRenamed.encode(renamed(ann.userId, 'anna', 2)).finish()
    await jetstream(broker.connection).publish(subject, data, { msgID: v7() })
    await until('the new name', async () => isDeepStrictEqual(await namesOf(ann), everywhere('anna')))
    expect(await namesOf(bob)).toEqual({ ...everywhere('bob'), authors: [] })
    expect(await query('select id, revision, version, updated_at from prompts order by id')).toEqual(before)
  })

  test('twenty deliveries of the event are one', async () => {
    const ann = await author('ann')
    const event = received(ann.userId, 'anna', 2)
    await deliver(...numbers(10).map(() => event))
    expect(await namesOf(ann)).toEqual(everywhere('anna'))
    await query(`update prompts set username = 'other' where user_id = $1`, [ann.userId])
    await deliver(...numbers(10).map(() => event))
    expect(await namesOf(ann)).toEqual({ ...everywhere('anna'), prompts: ['other'] })
    expect(await query('select consumer from inbox where event_id = $1', [event.id])).toEqual([{ consumer: 'prompt' }])
  })

  test('an older renaming that comes after a newer one changes nothing', async () => {
    const ann = await author('ann')
    await deliver(received(ann.userId, 'third', 3))
    await deliver(received(ann.userId, 'second', 2), received(ann.userId, 'another third', 3))
    expect(await namesOf(ann)).toEqual(everywhere('third'))
  })

  test.each<[string, (n: number) => number]>([
    ['in their order', (n) => n],
    ['the last one first', (n) => 9 - n],
    ['every third', (n) => (3 * n) % 10],
  ])('ten renamings at once, there and back, come to the last one: %s', async (_, nth) => {
    const ann = await author('ann')
    const events = numbers(10).map((n) => received(ann.userId, ['ann', 'anna'][n % 2]!, n + 2))
    await deliver(...numbers(10).map((n) => events[nth(n)]!))
    expect(await namesOf(ann)).toEqual(everywhere('anna'))
  })

  test('the name of before, taken again while the first renaming is under way, is the last one', async () => {
    const ann = await author('ann')
    const renamings: Promise<unknown>[] = []
    const lock = 'select from prompts where user_id = $1 for update'
    await whileLocked(service.database, [lock, [ann.userId]], async (waiters) => {
      renamings.push(deliver(received(ann.userId, 'anna', 2)))
      await waiters(1)
      renamings.push(deliver(received(ann.userId, 'ann', 3)))
      await waiters(2)
    })
    await Promise.all(renamings)
    expect(await namesOf(ann)).toEqual(everywhere('ann'))
  })

  test('no statement changes so many rows that it could not end in time', async () => {
    const ann = await author('ann')
    const { id } = await service.create(ann)
    await query(
      `insert into prompt_comments (id, prompt_id, user_id, username, content, created_at)
      select uuidv7(), $1, $2, 'ann', 'C', now() from generate_series(1, 2500)`,
      [id, ann.userId],
    )
    await query(`create function refuse_many() returns trigger language plpgsql as $$ begin
      if (select count(*) from changed) > 1000 then raise 'too many rows in one statement'; end if;
      return null;
    end $$`)
    await query(`create trigger refuse_many after update on prompt_comments referencing new table as changed
      for each statement execute function refuse_many()`)
    await deliver(received(ann.userId, 'anna', 2))
    await query('drop trigger refuse_many on prompt_comments')
    expect(await namesOf(ann)).toEqual(everywhere('anna'))
  })

  test('it goes on with a renaming that was interrupted', async () => {
    const ann = await author('ann')
    const event = received(ann.userId, 'anna', 2)
    // What is left when the process is killed after its first statement.
    await query('insert into authors (user_id, username, revision) values ($1, $2, 2)', [ann.userId, 'anna'])
    await deliver(event)
    expect(await namesOf(ann)).toEqual(everywhere('anna'))
  })

  test('who is not known here yet is known by it', async () => {
    const nobody = await service.person('nobody')
    await deliver(received(nobody.userId, 'somebody', 2))
    expect(await namesOf(nobody)).toEqual({
      prompts: [],
      prompt_comments: [],
      prompt_ratings: [],
      authors: ['somebody'],
    })
  })

  test('what was made in the same moment, by the former name, has the new one soon', async () => {
    const ben = await service.person('ben')
    await deliver(received(ben.userId, 'benjamin', 2))
    const { id: promptId } = await service.create(await service.person('host'))
    await service.create(ben)
    await service.social.ratePrompt({ promptId, rating: 5, review: '' }, ben.as)
    await service.social.createComment({ promptId, content: 'C' }, ben.as)
    expect(await namesOf(ben)).toEqual(everywhere('benjamin'))
    // What is left when both do not see each other.
    for (const table of ['prompts', 'prompt_ratings', 'prompt_comments']) {
      await query(`update ${table} set username = $2 where user_id = $1`, [ben.userId, 'ben'])
    }
    await until('the new name', async () => isDeepStrictEqual(await namesOf(ben), everywhere('benjamin')))
  })

  test('what they do with a token that has the old name bears the new one', async () => {
    const ann = await service.person('ann')
    await deliver(received(ann.userId, 'anna', 2))
    const prompt = await service.create(ann)
    expect(prompt.username).toBe('anna')
    expect((await service.prompts.getPrompt({ promptId: prompt.id })).prompt!.username).toBe('anna')
    await service.prompts.updatePrompt({ promptId: prompt.id, title: 'New', changes: '' }, ann.as)
    await service.prompts.deletePrompt({ promptId: prompt.id }, ann.as)
    const events = await readOutbox(service.database, prompt.id)
    const actor = { userId: ann.userId, username: 'anna' }
    expect(events.map(({ payload }) => payload['actor'])).toEqual(numbers(5).map(() => actor))
  })
})

describe('the inbox', () => {
  test(`loses what is older than ${INBOX_DAYS} days, however much that is, and nothing else`, async () => {
    await query('delete from inbox')
    await query(
      `insert into inbox select 'prompt', gen_random_uuid(), now() - interval '${INBOX_DAYS} days 1 minute' from generate_series(1, 2500)`,
    )
    const young = randomUUID()
    await query(`insert into inbox values ('prompt', $1, now() - interval '${INBOX_DAYS - 1} days 23 hours')`, [young])
    const { run } = deleteHandled(service.service.context.database.sql)
    await run(new AbortController().signal, jobCause('test'))
    expect(await query('select event_id from inbox')).toEqual([{ event_id: young }])
  })

  test('remembers an event for longer than its stream keeps it', () => {
    const days = ALL_EVENTS.filter(({ consumers }) => consumers.includes('prompt')).map(
      ({ stream }) => STREAMS[stream].days,
    )
    expect(days.length).toBeGreaterThan(0)
    expect(Math.max(...days)).toBeLessThan(INBOX_DAYS)
  })
})
