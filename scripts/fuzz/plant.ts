import { randomBytes, randomUUID } from 'node:crypto'
import { askJson } from '#chassis/send-json.ts'
import { until } from '#chassis/testing/until.ts'
import type { Plan } from './plan.ts'

/** Who calls, and what there is to find. */
export type Planted = Pick<Plan, 'canary' | 'ids'> & { login: NonNullable<Plan['login']> }

/** Sends a request to the gateway as somebody, and answers with what came back. Throws what was refused. */
type Send = (call: string, body?: object) => Promise<any>

/**
 * Makes two users and gives each of everything that a user can have: of one, what the fuzzer acts as; of the other, all that nobody else may
 * see has the canary in it. Everything is made through the gateway at `url`.
 */
export async function plant(url: string): Promise<Planted> {
  const canary = `canary${randomBytes(8).toString('hex')}`
  const caller = await signUp(url, `caller${randomBytes(4).toString('hex')}`)
  const other = await signUp(url, canary)
  // A buyer may read what they bought, so it is neither of them.
  const buyer = await signUp(url, `buyer${randomBytes(4).toString('hex')}`)
  const own = await plantOne(caller, 'plain', buyer)
  const others = await plantOne(other, canary, buyer)
  const ids = Object.fromEntries(Object.keys(own).map((name) => [name, [...own[name]!, ...others[name]!]]))
  return { canary, ids, login: { login: caller.email, password: caller.password } }
}

type Account = { id: string; email: string; password: string; send: Send }

/** Registers a user whose e-mail address begins with `secret`; the name, which everybody sees, says nothing. */
async function signUp(url: string, secret: string): Promise<Account> {
  const account = { email: `${secret}@example.com`, password: randomBytes(12).toString('base64url') }
  const username = `u${randomBytes(6).toString('hex')}`
  const { user, tokens } = await askJson(url, 'POST /v1/auth/register', {
    body: { ...account, username },
  })
  return { ...account, id: user.id, send: (call, body) => askJson(url, call, { token: tokens.accessToken, body }) }
}

/** Gives a user everything, private and with `word` in it, and answers with the ids. */
async function plantOne({ id, send }: Account, word: string, buyer: Account): Promise<Record<string, string[]>> {
  const content = `${word} {{topic}}`
  const variables = [{ name: 'topic', type: 'TEXT', required: false, defaultValue: word }]
  const hidden = { title: word, description: word, tags: [word], content, variables, isPublic: false }
  const { prompt } = await send('POST /v1/prompts', hidden)
  await send(`PATCH /v1/prompts/${prompt.id}`, { content: `${content} again` })
  const draft = await send('POST /v1/prompts', { ...hidden, isPublic: true, status: 'DRAFT' })
  const open = await send('POST /v1/prompts', { title: 'Open', content: 'Open {{topic}}', isPublic: true })
  const comment = await send(`POST /v1/prompts/${prompt.id}/comments`, { content: word })
  const ready = (path: string) => until(`${path} to be there`, () => send(`GET ${path}`), 60_000)
  await ready(`/v1/prompts/${prompt.id}/versions/2`)
  await send(`PUT /v1/prompts/${prompt.id}/labels/production`, { version: 2 })
  const run = { modelProvider: 'sandbox', modelName: 'echo', values: { topic: word } }
  const { test } = await send(`POST /v1/prompts/${prompt.id}/tests`, run)
  const second = await send(`POST /v1/prompts/${prompt.id}/tests`, run)
  const testIds = [test.testId, second.test.testId]
  const suite = await send('POST /v1/suites', {
    promptId: prompt.id,
    name: word,
    description: word,
    settings: { modelProvider: 'sandbox', modelName: 'echo' },
    cases: [{ name: word, values: { topic: word }, assertions: [{ contains: word }] }],
  })
  const started = await send(`POST /v1/suites/${suite.suite.suiteId}:run`, { version: 2 })
  const comparison = await send('POST /v1/comparisons', { promptId: prompt.id, name: word, testIds })
  const apiKey = await send('POST /v1/api-keys', { name: word, scopes: ['PROMPTS_READ'] })
  const providerKey = await send('POST /v1/provider-keys', { provider: 'sandbox', name: word, key: `sk-${word}` })
  // What is on sale is for everybody to see, so it says nothing.
  const price = { currencyCode: 'USD', units: '5' }
  const { listing } = await send('POST /v1/listings', { promptId: prompt.id, title: 'For sale', price })
  const sale = await buyer.send(`POST /v1/listings/${listing.listingId}:purchase`, {
    licenseType: 'PERSONAL',
    paymentMethod: 'pm_card_visa',
    expectedPrice: price,
    requestId: randomUUID(),
  })
  return {
    prompt_id: [prompt.id, draft.prompt.id, open.prompt.id],
    comment_id: [comment.comment.id],
    test_id: testIds,
    suite_id: [suite.suite.suiteId],
    run_id: [started.run.runId],
    comparison_id: [comparison.comparison.comparisonId],
    key_id: [apiKey.apiKey.id, providerKey.providerKey.keyId],
    listing_id: [listing.listingId],
    transaction_id: [sale.transaction.transactionId],
    license_id: [sale.license.licenseId],
    user_id: [id],
  }
}
