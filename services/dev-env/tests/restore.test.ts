import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { nanos } from '@nats-io/transport-node'
import { until } from '#chassis/testing/until.ts'
import { STREAMS } from '#contracts/events.ts'
import { newLedger } from '../../../scripts/chaos/ledger.ts'
import { recountSales, untilSalesEnded } from '../../../scripts/chaos/recount-sales.ts'
import { onDatabase } from '../../../scripts/processes/on-database.ts'
import { type LogLine, outputOf, runCommand } from './command.ts'
import { type Copies, copyStores } from './copies.ts'
import { type SignedIn, startTestNetwork, type TestNetwork } from './harness.ts'
import { buy, type Listed, offer } from './market.ts'
import { disagreements } from './recount.ts'
import { writePrompt } from './writer.ts'

// What k8s/runbooks/restore.md tells operators to do, store by store: one store is restored to an earlier time, the others stay as they are.
// What keeps a memory for a while has it still after a minute, and has it no more after a day.

/** Each test runs several commands as processes, and lets people live a day, which takes long on a busy machine. */
jest.setTimeout(400_000)

/** Messages that a consumer had when it began again come once more after half a minute, and may be lost again. */
const SETTLE_MS = 150_000

const ledger = newLedger()
let network: TestNetwork
let ann: SignedIn
let ben: SignedIn
let listed: Listed
let copies: Copies
/** When the copies were made; and T, as the runbook has it: a little earlier. */
let copiedAt: string
let since: string
/** Written to before and after the copies, and after each restore. */
let edited: string

beforeAll(async () => {
  const started = await startTestNetwork()
  // A service whose database was replaced connects again, as after an outage.
  const rest: TestNetwork['rest'] = (...sent) =>
    until('an answer', async () => {
      const answer = await started.rest(...sent)
      return ![503, 504].includes(answer.status) && answer
    })
  network = { ...started, rest }
  ;[ann, ben] = [await signUp(), await signUp()]
  listed = await offer(network, ann)
  edited = await writePrompt(network, ann, ledger)
})
afterAll(async () => {
  await network.stop()
})

/** Copies all stores while a purchase is under way, and lets people go on. */
async function copyAndGoOn() {
  since = new Date().toISOString()
  await live()
  await settle()
  const end = await beginPurchase()
  copiedAt = new Date().toISOString()
  // The clocks of the stream and of this process are the same one.
  await sleep(5)
  copies = await copyStores(network)
  await end()
  await live()
  await deleteAPrompt()
  await rename(ben)
}

const ask = async (who: SignedIn, request: string, body?: object) => {
  const answer = await network.rest(request, { token: who.token, body })
  if (answer.status !== 200) throw new Error(`${request} answered ${answer.status}: ${JSON.stringify(answer.body)}`)
  return answer.body
}

async function signUp(): Promise<SignedIn> {
  const user = await until('a sign-up', () => network.signUp())
  ledger.users.set(user.id, { username: user.username, isUnsure: false })
  return user
}

async function rename(user: SignedIn) {
  const username = `r${randomUUID().slice(0, 12)}`
  await ask(user, `PATCH /v1/users/${user.id}`, { username })
  ledger.users.set(user.id, { username, isUnsure: false })
}

async function edit(promptId: string) {
  const title = `Title ${randomUUID()}`
  const { prompt } = await ask(ann, `PATCH /v1/prompts/${promptId}`, { title, content: `Content of ${title}` })
  ledger.prompts.get(promptId)!.versions.set(prompt.version, title)
}

async function deleteAPrompt() {
  const id = await writePrompt(network, ann, ledger)
  await ask(ann, `DELETE /v1/prompts/${id}`)
  ledger.prompts.get(id)!.isDeleted = true
}

/** What people do in a day: they register, write, like, rate, follow, test, buy and give back. */
async function live() {
  const { likes, ratings, follows } = ledger.social
  const eve = await signUp()
  const written = await writePrompt(network, ann, ledger, 2)
  await edit(edited)
  for (const promptId of [written, edited]) {
    const isLiked = likes.get(`${ben.id} ${promptId}`) !== true
    await ask(ben, `POST /v1/prompts/${promptId}:${isLiked ? 'like' : 'unlike'}`)
    likes.set(`${ben.id} ${promptId}`, isLiked)
    const rating = ((ratings.get(`${eve.id} ${promptId}`) as number) ?? 2) + 1
    await ask(eve, `PUT /v1/prompts/${promptId}/ratings/me`, { rating })
    ratings.set(`${eve.id} ${promptId}`, rating)
  }
  const isFollowed = follows.get(`${ben.id} ${ann.id}`) !== true
  await ask(ben, `POST /v1/users/${ann.id}:${isFollowed ? 'follow' : 'unfollow'}`)
  follows.set(`${ben.id} ${ann.id}`, isFollowed)
  await ask(eve, `POST /v1/users/${ann.id}:follow`)
  follows.set(`${eve.id} ${ann.id}`, true)
  await ask(ann, `PATCH /v1/prompts/${written}`, { isPublic: false })
  await runTest(ann, edited)
  await trade(eve)
}

/** Begins a purchase whose payment takes its time. What it answers waits for its end. */
async function beginPurchase() {
  const requestId = randomUUID()
  await network.payments.control.order({ call: 'confirm', slow: { ms: 3000, end: 'succeeded' } })
  const { body } = await buy(network, await signUp(), listed.listingId, { requestId })
  await network.payments.control.order()
  const { transactionId: id, status } = body.transaction
  expect(status).toBe('PENDING')
  ledger.sales.asked.set(requestId, id)
  return async () => {
    const { databaseUrl } = network.services['marketplace']!
    await untilSalesEnded(databaseUrl)
    ledger.sales.ended.set(id, 'COMPLETED')
  }
}

async function runTest(who: SignedIn, promptId: string) {
  const { test: asked } = await ask(who, `POST /v1/prompts/${promptId}/tests`, {
    modelProvider: 'sandbox',
    modelName: 'echo',
  })
  await until(
    'the test to end',
    async () => (await ask(who, `GET /v1/tests/${asked.testId}`)).test.status === 'COMPLETED',
  )
}

/** Buys two licences, and gives the second one back. */
async function trade(buyer: SignedIn) {
  const other = await offer(network, ann)
  for (const { listingId } of [listed, other]) {
    const requestId = randomUUID()
    const { body } = await buy(network, buyer, listingId, { requestId })
    const { transactionId: id, status } = body.transaction
    ledger.sales.asked.set(requestId, id)
    ledger.sales.ended.set(id, status)
    if (listingId === listed.listingId) continue
    await ask(buyer, `POST /v1/transactions/${id}:refund`, { reason: 'It was a mistake.' })
    ledger.sales.refunded.add(id)
  }
}

/** Waits until all is known everywhere, and answers with what does not agree. */
async function settle() {
  const { databaseUrl } = network.services['marketplace']!
  await untilSalesEnded(databaseUrl)
  const wrong = await disagreements(network, ledger, SETTLE_MS)
  const sales = await recountSales(databaseUrl, ledger, network.payments)
  const { state } = await network.broker.manager.streams.info('PF_DEAD_LETTER')
  return [...wrong, ...sales.flatMap((finding) => finding.wrong), ...(state.messages > 0 ? ['dead letters'] : [])]
}

/** What people read: none of it may be a fault of ours. */
async function readAll() {
  const paths = [
    ...[...ledger.prompts.keys()].flatMap((id) => [
      `/v1/prompts/${id}`,
      `/v1/prompts/${id}/versions`,
      `/v1/analytics/prompts/${id}`,
    ]),
    ...[...ledger.users.keys()].map((id) => `/v1/users/${id}`),
    ...[...ledger.sales.ended.keys()].map((id) => `/v1/transactions/${id}`),
    `/v1/listings/${listed.listingId}`,
    '/v1/prompts',
    '/v1/listings',
    '/v1/licenses',
  ]
  const answers: { path: string; status: number }[] = []
  for (const path of paths) {
    answers.push({ path, status: (await network.rest(`GET ${path}`, { token: ann.token })).status })
  }
  return answers.filter(({ status }) => status === 500)
}

/** From now on JetStream knows no message by its id, as it is half an hour after the last one. */
async function forgetMessages() {
  const { manager } = network.broker
  for (const stream of Object.keys(STREAMS)) await manager.streams.update(stream, { duplicate_window: nanos(100) })
  await network.broker.restart()
}

/** The payment provider and the services know no request by its id, as it is after a day. */
async function forgetRequests() {
  await network.payments.control.forgetKeys()
  for (const service of ['prompt', 'test', 'marketplace']) {
    await onDatabase(network.services[service]!.databaseUrl, 'delete from idempotency_keys')
  }
}

/** Restores one store, as the runbook says, with these commands. */
async function restore(store: string, ...commands: [string, ...string[]][]): Promise<LogLine[]> {
  await copies.restore(store)
  await until('the services to be back', async () => {
    await network.services[store]?.waiting()
    return true
  })
  let last: LogLine[] = []
  for (const command of commands) {
    if (command[0] === 'broker') await outputOf(network, command)
    else last = await runCommand(network, ...command)
  }
  return last
}

const notesOf = (lines: LogLine[], beginning: RegExp) => lines.filter(({ msg }) => beginning.test(msg))

describe.each([
  { age: 'a minute', isLong: false },
  { age: 'a day', isLong: true },
])('restored to $age ago', ({ isLong }) => {
  beforeAll(async () => {
    if (isLong) await forgetMessages()
    await copyAndGoOn()
    if (isLong) await forgetRequests()
  })
  afterAll(() => copies.remove())

  test('a recount before anything is restored finds all in agreement', async () => {
    expect(await settle()).toEqual([])
  })

  test('analytics: its consumers begin again, and it counts everything once', async () => {
    await restore('analytics', ['broker', 'rewind', 'analytics', since])
    expect(await settle()).toEqual([])
  })

  test('version: its consumers begin again, and every version is there', async () => {
    await restore('version', ['broker', 'rewind', 'version', since])
    expect(await settle()).toEqual([])
  })

  test('prompt: its prompts come back from the streams, and later changes are newer than what others know', async () => {
    await restore('prompt', ['broker', 'rewind', 'prompt', since], ['prompt', 'recover', since])
    expect(await settle()).toEqual([])
  })

  test('user: accounts come back without their passwords, names and follows as they were', async () => {
    const registered = [...ledger.users.keys()].length
    const lines = await restore('user', ['user', 'recover', since])
    const [before] = await onDatabase<{ count: number }>(
      network.services['user']!.databaseUrl,
      'select count(*)::integer from users where created_at < $1',
      copiedAt,
    )
    expect(notesOf(lines, /^the account is back without its password/)).toHaveLength(registered - before!.count)
    expect(await settle()).toEqual([])
  })

  test('marketplace: sales come back with their licences and refunds, and no buyer has paid for nothing', async () => {
    const lines = await restore(
      'marketplace',
      ['broker', 'rewind', 'marketplace', since],
      ['marketplace', 'recover', since],
    )
    expect(notesOf(lines, /^the (sale|refund|payment provider)/)).toEqual([])
    listed = await offer(network, ann)
    expect(await settle()).toEqual([])
  })

  test('test: what was run is counted as before, and the tests of that time are gone', async () => {
    await restore('test', ['broker', 'rewind', 'test', since], ['test', 'recover', since])
    expect(await settle()).toEqual([])
  })

  // The last store: `apply` makes JetStream remember again.
  test('JetStream: the outboxes and the versions tell again what it has lost', async () => {
    await restore(
      'jetstream',
      ['broker', 'apply'],
      ...['user', 'prompt', 'test', 'marketplace', 'version'].map((service): [string, ...string[]] => [
        service,
        'replay',
        since,
      ]),
    )
    expect(await settle()).toEqual([])
  })

  test('nobody who reads meets a fault of ours, and all agree still when people go on', async () => {
    expect(await readAll()).toEqual([])
    await live()
    expect(await settle()).toEqual([])
  })
})

test('what was restored is not changed by the same commands again', async () => {
  for (const service of ['prompt', 'user', 'marketplace']) {
    const last = (await runCommand(network, service, 'recover', since)).at(-1)
    expect(last).toMatchObject({ recovered: 0, noted: 0 })
  }
})
