import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { nanos } from '@nats-io/transport-node'
import { MongoClient } from 'mongodb'
import { until } from '#chassis/testing/until.ts'
import { DELETED_USER, STREAMS, type StreamName } from '#contracts/events.ts'
import { onDatabase } from '../../../scripts/processes/on-database.ts'
import { runCommand, startCommand } from './command.ts'
import { contentsOf } from './contents.ts'
import { type SignedIn, startTestNetwork, type TestNetwork } from './harness.ts'
import { runAsProcess } from './own-process.ts'

let network: TestNetwork

beforeAll(async () => {
  network = await startTestNetwork()
  // So short that what is replayed is published again.
  for (const stream of Object.keys(STREAMS))
    await network.broker.manager.streams.update(stream, { duplicate_window: nanos(100) })
})
afterAll(() => network.stop())

/** What must be found nowhere: the e-mail address, both usernames, the first and the last name, and all texts of tests. */
const secretsOf = (name: string) =>
  ['former', 'later', 'first', 'last', 'tried', 'compared', 'suite', 'case', 'expected', 'lock']
    .map((kind) => `${name}-${kind}`)
    .concat(`${name}-former@example.com`)

/** Somebody who has done all that leaves a name, in words that nothing else has, and who was followed by and follows `friend`. */
async function livedIn(name: string, friend: SignedIn) {
  const user = await network.signUp(`${name}-former`)
  const as = async (request: string, body?: object, token = user.token) => {
    const answer = await network.rest(request, { token, ...(body && { body }) })
    if (answer.status !== 200) throw new Error(`${request} answered ${answer.status}: ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  const { prompt: theirs } = await as('POST /v1/prompts', { title: 'Of a friend', content: 'Text' }, friend.token)
  const { prompt } = await as('POST /v1/prompts', { title: 'Public', content: 'Version 1', isPublic: true })
  const { prompt: hidden } = await as('POST /v1/prompts', { title: 'Private', content: 'Text', isPublic: false })
  await as(`PATCH /v1/prompts/${prompt.id}`, { content: 'Version 2' })
  await as(`PATCH /v1/users/${user.id}`, {
    username: `${name}-later`,
    firstName: `${name}-first`,
    lastName: `${name}-last`,
    bio: `${name}-later writes here`,
  })
  await network.processAll()
  await as('POST /v1/auth/login', { login: user.email, password: user.password })
  await as(`PATCH /v1/prompts/${prompt.id}`, { content: 'Version 3' })
  await as(`POST /v1/prompts/${theirs.id}/comments`, { content: 'Well said' })
  await as(`PUT /v1/prompts/${theirs.id}/ratings/me`, { rating: 4, review: 'Fine' })
  await as(`POST /v1/prompts/${theirs.id}:like`, {})
  await as(`GET /v1/prompts/${theirs.id}`)
  await as(`POST /v1/users/${friend.id}:follow`, {})
  await as(`POST /v1/users/${user.id}:follow`, {}, friend.token)
  await as('POST /v1/api-keys', { name: `${name}-later's laptop`, scopes: ['PROMPTS_READ'] })
  await testedBy(name, as)
  await network.processAll()
  return { ...user, promptId: prompt.id as string, hiddenId: hidden.id as string, commentedId: theirs.id as string }
}

type As = (request: string, body?: object) => Promise<any>

/** Has somebody run tests and a suite, compare them, and store a key of a provider. */
async function testedBy(name: string, as: As) {
  const { prompt } = await as('POST /v1/prompts', { title: 'To be tested', content: '{{word}}' })
  const choice = { modelProvider: 'sandbox', modelName: 'echo' }
  const run = async () => {
    const body = { ...choice, values: { word: `${name}-tried` } }
    return (await as(`POST /v1/prompts/${prompt.id}/tests`, body)).test.testId as string
  }
  const testIds = [await run(), await run()]
  await as('POST /v1/comparisons', {
    promptId: prompt.id,
    name: `${name}-compared`,
    notes: `of ${name}-compared`,
    testIds,
  })
  const { suite } = await as('POST /v1/suites', {
    promptId: prompt.id,
    name: `${name}-suite`,
    settings: choice,
    cases: [
      {
        name: `${name}-case`,
        values: { word: `${name}-tried` },
        assertions: [{ contains: `${name}-expected` }],
      },
    ],
  })
  const { run: begun } = await as(`POST /v1/suites/${suite.suiteId}:run`, {})
  await as('POST /v1/provider-keys', { provider: 'sandbox', name: `${name}-lock`, key: 'sk-0123456789abcdefghijklmn' })
  await until('the tests to end', async () => {
    const tests = await Promise.all(testIds.map(async (id) => (await as(`GET /v1/tests/${id}`)).test))
    const ended = (await as(`GET /v1/suite-runs/${begun.runId}`)).run
    return ended.completedAt && tests.every(({ response }) => response === `${name}-tried`)
  })
}

/** The places of all stores and streams that have one of these words. */
async function placesWith(words: string[]): Promise<string[]> {
  const places: string[] = []
  const look = (place: string, bytes: Buffer | string) => {
    const text = bytes.toString('latin1' as never).toLowerCase()
    for (const word of words) if (text.includes(word.toLowerCase())) places.push(`${place}: ${word}`)
  }
  for (const [service, { databaseUrl }] of Object.entries(network.services)) {
    if (databaseUrl.startsWith('mongodb')) {
      const client = await MongoClient.connect(databaseUrl)
      for (const { name } of await client.db().listCollections({}, { nameOnly: true }).toArray())
        for await (const document of client.db().collection(name).find())
          look(`${service}.${name}`, JSON.stringify(document))
      await client.close()
      continue
    }
    const tables = await onDatabase<any>(
      databaseUrl,
      `select table_name as name from information_schema.tables where table_schema = 'public'`,
    )
    for (const { name } of tables)
      for (const { row } of await onDatabase<any>(databaseUrl, `select t::text as row from "${name}" t`))
        look(`${service}.${name}`, row)
  }
  for (const stream of Object.keys(STREAMS) as StreamName[]) {
    const { state } = await network.broker.manager.streams.info(stream, { deleted_details: true })
    for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
      if (state.deleted?.includes(seq)) continue
      const message = await network.broker.manager.streams.getMessage(stream, { seq })
      if (message) look(`${stream} ${message.subject}`, Buffer.from(message.data))
    }
  }
  return [...new Set(places)]
}

const erase = (whom: string) => runCommand(network, 'user', 'erase', whom)

test('after erasure nothing has the names, the address or the texts of tests any more, what was written stays, and nothing brings them back', async () => {
  const friend = await network.signUp()
  const ida = await livedIn('ida', friend)
  // A letter of somebody's, too.
  network.broker.connection.publish(`pf.dlq.analytics.pf.user.user.registered.v1.${ida.id}`, ida.email)
  const before = await placesWith(secretsOf('ida'))
  for (const place of [
    'user.users',
    'user.outbox',
    'user.api_keys',
    'user.held_usernames',
    'prompt.prompts',
    'prompt.prompt_comments',
  ])
    expect(before.join('\n')).toContain(place)
  for (const place of [
    'test.prompt_tests',
    'test.test_comparisons',
    'test.suites',
    'test.suite_cases',
    'test.suite_run_cases',
    'test.provider_keys',
  ])
    expect(before.join('\n')).toContain(place)
  for (const place of [
    'prompt.outbox',
    'version.prompt_versions',
    'analytics.user_activity_events',
    'PF_DEAD_LETTER',
    'PF_PROMPT_CONTENT',
  ])
    expect(before.join('\n')).toContain(place)

  const said = (await erase(ida.email)).at(-1)!
  expect(said).toMatchObject({ msg: 'erase', userId: ida.id, wasErased: false })
  expect(await placesWith(secretsOf('ida'))).toEqual([])

  const keys = await onDatabase(
    network.services['test']!.databaseUrl,
    'select from provider_keys where sealed is not null',
  )
  expect(keys).toEqual([])

  // What was written has another author's name.
  const { body } = await network.rest(`GET /v1/prompts/${ida.promptId}`)
  expect(body.prompt).toMatchObject({ username: DELETED_USER, content: 'Version 3' })
  const version = await network.rest(`GET /v1/prompts/${ida.promptId}/versions/1`)
  expect(version.body.version).toMatchObject({ username: DELETED_USER, content: 'Version 1' })
  const { body: comments } = await network.rest(`GET /v1/prompts/${ida.commentedId}/comments`)
  expect(comments.comments).toMatchObject([{ username: DELETED_USER, content: 'Well said' }])
  expect((await network.rest(`GET /v1/users/${ida.id}`, { token: friend.token })).status).toBe(404)
  const { body: profile } = await network.rest(`GET /v1/users/${friend.id}`, { token: friend.token })
  expect([profile.user.followersCount ?? 0, profile.user.followingCount ?? 0]).toEqual([0, 0])

  // Again: there is nothing left to do.
  await expect(erase(ida.email)).rejects.toThrow('no account has this e-mail address')
  expect((await erase(ida.id)).at(-1)).toMatchObject({ userId: ida.id, wasErased: true })

  // Nothing brings a name back.
  for (const service of ['user', 'prompt', 'version', 'test'])
    await runCommand(network, service, 'replay', '2020-01-01T00:00:00Z')
  for (const service of ['user', 'prompt']) await runCommand(network, service, 'resync')
  await network.processAll(90_000)
  expect(await placesWith(secretsOf('ida'))).toEqual([])
  expect((await network.rest(`GET /v1/prompts/${ida.promptId}`)).body.prompt.username).toBe(DELETED_USER)

  // The name and the address are free for somebody else.
  const other = await network.signUp('ida-former')
  expect(other.id).not.toBe(ida.id)
}, 180_000)

test('without NATS it does what it can and says how to go on; killed in the middle, another run ends as one would have', async () => {
  const friend = await network.signUp()
  const eve = await livedIn('eve', friend)
  await network.broker.away(async () => {
    await expect(erase(eve.email)).rejects.toThrow(`run erase ${eve.id} again when NATS and all services are there`)
    const running = startCommand(network, ['user', 'erase', eve.id])
    await once(running.stdout!, 'data')
    running.kill('SIGKILL')
    await once(running, 'exit')
  })
  expect((await erase(eve.id)).at(-1)).toMatchObject({ userId: eve.id, wasErased: true })
  expect(await placesWith(secretsOf('eve'))).toEqual([])
  await until('the friend to be followed by nobody', async () => {
    const { body } = await network.rest(`GET /v1/users/${friend.id}`, { token: friend.token })
    return (body.user.followersCount ?? 0) === 0
  })
})

test('data that are told again to services that have lost theirs have no name', async () => {
  const friend = await network.signUp()
  const una = await livedIn('una', friend)
  await erase(una.email)
  const known = await contentsOf(network)
  await onDatabase(network.services['prompt']!.databaseUrl, 'truncate authors')
  await runCommand(network, 'user', 'resync')
  await network.processAll(90_000)
  expect((await contentsOf(network))['prompt.prompts']).toBe(known['prompt.prompts'])
  expect(await placesWith(secretsOf('una'))).toEqual([])
})

test('killed while it takes the texts of many tests, the test service goes on when it is there again', async () => {
  const friend = await network.signUp()
  const kit = await livedIn('kit', friend)
  await using service = await runAsProcess(network, 'test')
  const { databaseUrl } = network.services['test']!
  await onDatabase(
    databaseUrl,
    `insert into prompt_tests
    select (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), 'cost_micros', 0, 'created_at', t.created_at - i * interval '1 s'))).*
from prompt_tests t cross join generate_series(1, 20000) i
    where t.id = (select id from prompt_tests where user_id = $1 and suite_run_id is null limit 1)`,
    kit.id,
  )
  const withText = async () => {
    const text = `select count(*)::integer as count from prompt_tests where user_id = $1 and prompt_content <> ''`
    return (await onDatabase<{ count: number }>(databaseUrl, text, kit.id))[0]!.count
  }
  const erasing = erase(kit.email)
  await until('it to have begun', async () => (await withText()) < 20_000)
  await service.kill()
  expect(await withText()).toBeGreaterThan(0)
  await service.start()
  // It may have waited for so long that it gives up.
  await erasing.catch(() => erase(kit.id))
  expect(await placesWith(secretsOf('kit'))).toEqual([])
}, 240_000)
