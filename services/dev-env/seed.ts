import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sendJson } from '#chassis/send-json.ts'
import { until } from '#chassis/testing/until.ts'
import type { Network } from './network.ts'

/** A demo account; all have the password PF_DEMO_PASSWORD of connections.env. */
type Author = { username: string; firstName: string; lastName: string; prompts: Prompt[] }

/** A request of CreatePrompt, and what its author has made of it: a suite that is run once, a comparison that is run, and a listing. */
type Prompt = { suite?: object; comparison?: object; listing?: Listing }

/** A request of CreateListing, and the demo account that buys a licence for its price. */
type Listing = { requestId: string; price: object; buyer: string }

/**
 * Fills an empty PromptForge with the users and prompts of `demo-data.json`, through the public API. Answers whether there was
 * anything to do: it is done once for each data folder.
 */
export async function seed({ gateway, secrets }: Network, state: string): Promise<boolean> {
  const mark = join(state, 'demo-data.done')
  if (existsSync(mark)) return false
  const post = client(gateway.url)
  const tokens = new Map<string, string>()
  const offers: Offer[] = []
  for (const { username, firstName, lastName, prompts } of authors()) {
    const account = { username, firstName, lastName, email: `${username}@example.com`, password: secrets.demoPassword }
    // A start that was interrupted may have registered some of them already.
    const registered = await post('/v1/auth/register', account, [409])
    const signedIn = registered ?? (await post('/v1/auth/login', { login: username, password: secrets.demoPassword }))!
    const token: string = signedIn.tokens.accessToken
    tokens.set(username, token)
    for (const prompt of prompts) offers.push(...(await addPrompt(post, prompt, token)))
  }
  // Everybody is there by now.
  for (const offer of offers) await buy(post, offer, tokens)
  writeFileSync(mark, '')
  return true
}

/** A listing that was made, and who buys a licence. */
type Offer = Listing & { listingId: string }

/** Makes a prompt with what belongs to it. Answers with what is offered of it. */
async function addPrompt(
  post: Post,
  { suite, comparison, listing, ...request }: Prompt,
  token: string,
): Promise<Offer[]> {
  const { prompt } = await post('/v1/prompts', request, [], token)
  if (suite) {
    const made = await post('/v1/suites', { ...suite, promptId: prompt.id }, [], token)
    await whenArrived(() => post(`/v1/suites/${made.suite.suiteId}:run`, {}, [NOT_READY], token))
  }
  if (comparison)
    await whenArrived(() => post(`/v1/prompts/${prompt.id}/comparisons:run`, comparison, [NOT_READY], token))
  if (!listing) return []
  const { buyer: _buyer, ...offer } = listing
  const made = await post('/v1/listings', { ...offer, promptId: prompt.id }, [], token)
  return [{ ...listing, listingId: made.listing.listingId }]
}

async function buy(post: Post, { listingId, requestId, price, buyer }: Offer, tokens: ReadonlyMap<string, string>) {
  const purchase = { licenseType: 'PERSONAL', paymentMethod: 'pm_card_visa', expectedPrice: price, requestId }
  await post(`/v1/listings/${listingId}:purchase`, purchase, [], tokens.get(buyer)!)
}

/** How a version is answered that was written a moment ago. */
const NOT_READY = 503

/** Asks until the version that it needs has arrived. */
const whenArrived = (ask: () => Promise<unknown>) =>
  until('the version to arrive', async () => (await ask()) !== undefined)

/** The usernames of the demo accounts. */
export const demoUsers = () => authors().map(({ username }) => username)

const authors = () => JSON.parse(readFileSync(join(import.meta.dirname, 'demo-data.json'), 'utf8')) as Author[]

type Post = ReturnType<typeof client>

/** Posts as the user of a token. Answers with undefined for a status that is allowed beside success. */
const client =
  (url: string) =>
  async (path: string, body: object, allowed: number[] = [], token?: string): Promise<any> => {
    const { status, body: answer } = await sendJson(url, `POST ${path}`, { body, token })
    if (status < 300) return answer
    if (allowed.includes(status)) return undefined
    throw new Error(`demo data: POST ${path} is answered with HTTP ${status}: ${JSON.stringify(answer)}`)
  }
