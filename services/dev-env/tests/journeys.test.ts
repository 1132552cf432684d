import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { status } from '@grpc/grpc-js'
import { Client } from 'pg'
import { readStatus } from '#chassis/grpc/status.ts'
import { until } from '#chassis/testing/until.ts'
import { AuthServiceService } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import { PromptServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { blocksOf } from './console.ts'
import { type Collector, startCollector } from './collector.ts'
import { startTestNetwork, type TestNetwork } from './harness.ts'
import { buy, offer } from './market.ts'

/** The traces that a page shows. */
const SHOWN = blocksOf(readFileSync(join(import.meta.dirname, '../../../docs/how-to/operate.md'), 'utf8'))
  .filter(({ language }) => language === 'trace')
  .map(({ text }) => text.trim())

let collector: Collector
let network: TestNetwork

beforeAll(async () => {
  collector = await startCollector()
  network = await startTestNetwork({ env: { PF_OTLP_ENDPOINT: collector.endpoint } })
})
afterAll(async () => {
  await network.stop()
  collector.close()
})

/** Waits until a trace is the one that the page shows. Spans are sent every five seconds. */
const isShown = (number: number, traceId: string) =>
  until('the trace of the page', () => {
    const tree = collector.treeOf(traceId)
    if (tree !== SHOWN[number]) throw new Error(`the trace is\n${tree}\nand the page shows\n${SHOWN[number]}`)
    return true
  })

test('a newcomer registers, signs in, writes a prompt, reads, edits and lists it, over REST', async () => {
  const account = { username: 'newcomer', email: 'newcomer@example.com', password: 'correct horse battery' }
  const registered = await network.rest('POST /v1/auth/register', { body: account })
  expect(registered).toMatchObject({
    status: 200,
    body: { user: { username: 'newcomer', email: account.email, role: 'USER' } },
  })

  const signedIn = await network.rest('POST /v1/auth/login', {
    body: { login: 'NEWCOMER', password: account.password },
  })
  const token: string = signedIn.body.tokens.accessToken

  const created = await network.rest('POST /v1/prompts', {
    token,
    body: {
      title: 'Summarise',
      content: 'Summarise {{text}}',
      tags: ['Short', 'text'],
      category: 'writing',
      variables: [{ name: 'text', type: 'TEXT', required: true }],
    },
  })
  const { prompt } = created.body
  expect(prompt).toMatchObject({ version: 1, tags: ['short', 'text'], status: 'PUBLISHED', isPublic: true, etag: '1' })

  const edited = await network.rest(`PATCH /v1/prompts/${prompt.id}`, {
    token,
    body: { content: 'Sum up {{text}}', etag: prompt.etag },
  })
  expect(edited.body.prompt).toMatchObject({ version: 2, content: 'Sum up {{text}}' })

  const read = await network.rest(`GET /v1/prompts/${prompt.id}`)
  expect(read.body).toMatchObject({
    prompt: { title: 'Summarise', content: 'Sum up {{text}}' },
    access: { kind: 'PUBLIC' },
  })
  const mine = await network.rest('GET /v1/prompts?user_id=me', { token })
  expect(mine.body.prompts.map(({ id }: { id: string }) => id)).toEqual([prompt.id])

  const versions = await network.rest(`GET /v1/prompts/${prompt.id}/versions/1`)
  expect(versions.body.version).toMatchObject({ content: 'Summarise {{text}}', username: 'newcomer' })
  const counted = await until('all of that to be counted', async () => {
    const { status: code, body } = await network.rest(`GET /v1/analytics/prompts/${prompt.id}`, { token })
    return code === 200 && body.totals.versions === '2' && body.totals.views === '1' && body
  })
  expect(counted.series.at(-1).activity).toMatchObject({ versions: '2', views: '1' })
  await network.processAll()
  const platform = await network.rest('GET /v1/analytics/stats')
  expect(platform.body).toMatchObject({
    totals: { users: '1', prompts: '1', versions: '2' },
    last24Hours: { views: '1' },
  })
})

test('readers like, rate and discuss a prompt, and all of it is counted, over REST', async () => {
  const [ann, ben] = [await network.signUp(), await network.signUp()]
  const made = await network.rest('POST /v1/prompts', { token: ann.token, body: { title: 'Discussed', content: 'C' } })
  const path = `/v1/prompts/${made.body.prompt.id}`
  const asBen = (request: string, body?: object) => network.rest(request, { token: ben.token, body })

  expect((await asBen(`POST ${path}:like`, {})).body).toEqual({ likesCount: 1 })
  await asBen(`PUT ${path}/ratings/me`, { rating: 2 })
  const rated = await asBen(`PUT ${path}/ratings/me`, { rating: 4, review: 'Useful' })
  expect(rated.body).toMatchObject({ rating: { username: ben.username, rating: 4 }, ratingsCount: 1, ratingAvg: 4 })
  const first = await asBen(`POST ${path}/comments`, { content: 'Which model?' })
  const comments = `${path}/comments/${first.body.comment.id}`
  const reply = { content: 'Any', parentId: first.body.comment.id, requestId: randomUUID() }
  for (let times = 0; times < 2; times++) {
    await network.rest(`POST ${path}/comments`, { token: ann.token, body: reply })
  }
  expect((await asBen(`PATCH ${comments}`, { content: 'For which model?' })).status).toBe(200)

  const list = async (rest: string) => (await network.rest(`GET ${path}/${rest}`)).body
  expect((await list('likes')).likes).toMatchObject([{ userId: ben.id }])
  expect(await list('ratings')).toMatchObject({
    ratings: [{ review: 'Useful', verifiedPurchase: false }],
    summary: { count: 1, average: 4, distribution: [0, 0, 0, 1, 0] },
  })
  expect((await list('comments')).comments).toMatchObject([{ content: 'For which model?', repliesCount: 1 }])
  expect((await list(`comments?parent_id=${first.body.comment.id}`)).comments).toMatchObject([{ content: 'Any' }])
  const read = await asBen(`GET ${path}`)
  expect(read.body).toMatchObject({ likedByMe: true, myRating: 4, prompt: { likesCount: 1, commentsCount: 2 } })

  expect((await asBen(`DELETE ${comments}`)).body).toEqual({})
  expect((await list('comments')).comments).toMatchObject([{ content: '', deleted: true }])
  expect((await asBen(`DELETE ${path}/ratings/me`)).body).toEqual({})
  expect((await list('ratings')).summary).toMatchObject({ count: 0 })
  await network.processAll()
  const { body } = await network.rest(`GET /v1/analytics${path.slice(3)}`)
  expect(body.totals).toMatchObject({ likes: '1', ratings: '2', comments: '2' })
})

test('a call through the gateway is one trace, to what is counted of it in the end', async () => {
  const ann = await network.signUp()
  const traceId = randomUUID().replaceAll('-', '')
  const { status: code } = await network.rest('POST /v1/prompts', {
    token: ann.token,
    body: { title: 'Traced', content: 'Traced' },
    headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
  })
  expect(code).toBe(200)
  await isShown(0, traceId)
})

test('a purchase is one trace, from the payment to what is unlocked and counted, and the read that it unlocks can join it', async () => {
  const [ann, ben] = [await network.signUp(), await network.signUp()]
  const { listingId, promptId } = await offer(network, ann)
  const traceId = randomUUID().replaceAll('-', '')
  const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` }
  const bought = await buy(network, ben, listingId, {}, headers)
  expect(bought.body.transaction).toMatchObject({ status: 'COMPLETED' })
  const read = await network.rest(`GET /v1/prompts/${promptId}/versions/1`, { token: ben.token, headers })
  expect(read.status).toBe(200)
  await isShown(1, traceId)
})

test('the same over native gRPC, at the gateway’s port and at the services themselves', async () => {
  const auth = network.stub('user', AuthServiceService)
  const prompts = network.stub('prompt', PromptServiceService)
  const { tokens } = await auth.register({
    username: 'grpc-user',
    email: 'grpc@example.com',
    password: 'long enough',
    firstName: '',
    lastName: '',
  })
  const outgoing = { token: tokens!.accessToken }
  const request = { title: 'T', content: 'C', description: '', category: '', tags: [], variables: [], model: '' }
  const { prompt } = await prompts.createPrompt(request, outgoing)
  const atGateway = network.gatewayStub(PromptServiceService)
  expect((await atGateway.getPrompt({ promptId: prompt!.id }, outgoing)).access?.kind).toBe(1)
  expect((await prompts.getPrompt({ promptId: prompt!.id })).prompt?.content).toBe('C')
  const error = await atGateway.deletePrompt({ promptId: prompt!.id }).then(() => undefined, readStatus)
  expect(error?.code).toBe(status.UNAUTHENTICATED)
})

test('a session goes on by its refresh token, once for each; one that comes again at once gives the same, and later ends the session', async () => {
  const { refreshToken } = await network.signUp()
  const refresh = (token: string) => network.rest('POST /v1/auth/refresh', { body: { refreshToken: token } })
  const tabs = await Promise.all(Array.from({ length: 4 }, () => refresh(refreshToken)))
  expect(tabs.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  const [next, ...others] = [...new Set(tabs.map(({ body }) => body.tokens.refreshToken as string))]
  expect(others).toEqual([])
  const newest = await refresh(next!)
  expect(newest.status).toBe(200)
  // Its successor has been used.
  expect((await refresh(refreshToken)).body.details[0].reason).toBe('REFRESH_TOKEN_REUSED')
  expect((await refresh(newest.body.tokens.refreshToken)).status).toBe(401)
})

test('a repeated create with one Idempotency-Key makes one prompt', async () => {
  const { token } = await network.signUp()
  const headers = { 'idempotency-key': '0198c0de-0000-7000-8000-000000000001' }
  const body = { title: 'Once', content: 'only' }
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => network.rest('POST /v1/prompts', { token, body, headers })),
  )
  expect(new Set(answers.map((answer) => answer.body.prompt?.id)).size).toBe(1)
})

test('a moderator removes what somebody published, from the moment on that the role is given, and not after it is taken', async () => {
  const [ann, moderator] = [await network.signUp(), await network.signUp()]
  const publish = async () => {
    const made = await network.rest('POST /v1/prompts', { token: ann.token, body: { title: 'Spam', content: 'spam' } })
    return `/v1/prompts/${made.body.prompt.id}`
  }
  // The token says USER throughout: what counts is what the user service says at the time.
  const { token } = moderator
  const [first, second] = [await publish(), await publish()]
  await setRole(moderator.id, 'MODERATOR')
  expect((await network.rest(`DELETE ${first}`, { token })).status).toBe(200)
  expect((await network.rest(`GET ${first}`)).status).toBe(404)
  await setRole(moderator.id, 'USER')
  expect((await network.rest(`DELETE ${second}`, { token })).status).toBe(404)
  expect((await network.rest(`GET ${second}`)).status).toBe(200)
})

test('a flood of tokens with unknown key ids costs the user service one look at its keys', async () => {
  const prompts = network.stub('prompt', PromptServiceService)
  await prompts.listCategories({}, { token: (await network.signUp()).token })
  const before = await keysServed()
  const stranger = 'eyJhbGciOiJFZERTQSIsImtpZCI6In'
  const tokens = Array.from(
    { length: 50 },
    (_, i) =>
      `${Buffer.from(JSON.stringify({ alg: 'EdDSA', kid: `stranger-${i}` })).toString('base64url')}.e30.${stranger}`,
  )
  const outcomes = await Promise.allSettled(tokens.map((token) => prompts.listCategories({}, { token })))
  expect(outcomes.every((outcome) => outcome.status === 'rejected')).toBe(true)
  expect((await keysServed()) - before).toBeLessThanOrEqual(1)
})

/** How many times the user service has answered GetJwks to a service; the gateway's own fetches go by its own clock. */
async function keysServed() {
  const answer = await fetch(`http://127.0.0.1:${network.services['user']!.ports.metrics}/metrics`)
  const line = (await answer.text()).split('\n').find((text) => /handled_total\{.*GetJwks/.test(text))
  return Number(line?.split(' ').at(-1) ?? 0)
}

async function setRole(userId: string, role: string) {
  const client = new Client({ connectionString: network.services['user']!.databaseUrl })
  await client.connect()
  await client.query('update users set role = $2 where id = $1', [userId, role])
  await client.end()
}
