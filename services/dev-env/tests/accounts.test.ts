import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { until } from '#chassis/testing/until.ts'
import { startTestNetwork, type TestNetwork } from './harness.ts'

let network: TestNetwork

beforeAll(async () => {
  network = await startTestNetwork()
})
afterAll(() => network.stop())

const names = (answer: { body: any }) => answer.body.users.map(({ username }: { username: string }) => username)

test('who follows somebody is shown and counted over REST, known to the prompt service, and counted by analytics', async () => {
  const [ann, ben] = [await network.signUp('ann-follows'), await network.signUp('ben-is-followed')]
  const followed = await network.rest(`POST /v1/users/${ben.id}:follow`, { token: ann.token })
  expect(followed).toMatchObject({ status: 200, body: { followersCount: 1 } })
  const profile = await network.rest(`GET /v1/users/${ben.id}`, { token: ann.token })
  expect(profile.body.user).toMatchObject({ followersCount: 1, followedByMe: true })
  expect(names(await network.rest(`GET /v1/users/${ben.id}/followers`))).toEqual(['ann-follows'])
  expect(names(await network.rest('GET /v1/users/me/following', { token: ann.token }))).toEqual(['ben-is-followed'])
  expect(names(await network.rest('GET /v1/users?username_prefix=BEN-is'))).toEqual(['ben-is-followed'])

  const unfollowed = await network.rest(`POST /v1/users/${ben.id}:unfollow`, { token: ann.token })
  expect(unfollowed).toMatchObject({ status: 200, body: { followersCount: 0 } })
  await network.processAll()
  const [follow] = await query('prompt', 'select active, revision from follows where follower_id = $1', ann.id)
  expect(follow).toEqual({ active: false, revision: 2 })
  const counted = `select event_type, username, properties from user_activity_events
    where user_id = $1 and event_type like '%follow%' order by event_time, event_type`
  const properties = { followingId: ben.id }
  expect(await query('analytics', counted, ann.id)).toEqual([
    { event_type: 'user.followed', username: 'ann-follows', properties },
    { event_type: 'user.unfollowed', username: 'ann-follows', properties },
  ])
})

test('another password ends the other sessions over REST, and the own one goes on', async () => {
  const { username, password, token, refreshToken } = await network.signUp()
  const other = await network.rest('POST /v1/auth/login', { body: { login: username, password } })
  const change = { presentPassword: password, newPassword: 'quite another one', refreshToken }
  expect(await network.rest('POST /v1/auth/password', { token, body: change })).toMatchObject({ status: 200, body: {} })
  const refresh = (one: string) => network.rest('POST /v1/auth/refresh', { body: { refreshToken: one } })
  expect((await refresh(other.body.tokens.refreshToken)).status).toBe(401)
  expect((await refresh(refreshToken)).status).toBe(200)
})

test('who closes the account is gone, but for what they published, and within seconds writes nowhere', async () => {
  const { id, username, token } = await network.signUp()
  const write = (title: string) => network.rest('POST /v1/prompts', { token, body: { title, content: 'C' } })
  const { prompt } = (await write('Stays')).body
  expect(await network.rest('POST /v1/users/me:deactivate', { token })).toMatchObject({ status: 200, body: {} })
  expect((await network.rest(`GET /v1/users/${id}`)).status).toBe(404)
  expect((await network.rest(`GET /v1/prompts/${prompt.id}`)).body.prompt).toMatchObject({ title: 'Stays', username })
  await until('writing to be refused', async () => {
    const answer = await write('Too late')
    return answer.status === 401 && answer.body.details[0].reason === 'ACCOUNT_DEACTIVATED'
  })
})

async function query(service: string, text: string, id: string) {
  const client = new Client({ connectionString: network.services[service]!.databaseUrl })
  await client.connect()
  try {
    return (await client.query(text, [id])).rows
  } finally {
    await client.end()
  }
}
