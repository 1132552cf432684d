import { status } from '@grpc/grpc-js'
import { until } from '#chassis/testing/until.ts'
import type { Deps as AnalyticsDeps } from '../../../analytics/context.ts'
import { refreshTrending } from '../../../analytics/db/trending-prompts.ts'
import { paymentSecrets } from '../../secrets.ts'
import type { RestOptions, SignedIn, TestNetwork } from '../harness.ts'
import { createMarket, type Market } from './market-scene.ts'
import { createPeople, type People } from './people.ts'
import { type CallerName, PROMPT_STATES, type PromptState } from './row.ts'
import { createRuns, type Runs, suiteOf } from './runs-scene.ts'

/** A prompt of the owner's with one version, which the buyer has a PERSONAL licence of. */
export type ScenePrompt = {
  id: string
  /** The only prompt with this tag. */
  tag: string
  /** A suite of the owner's for it. */
  suiteId: string
  /** Comments on it, by who wrote them. */
  comments: Record<'user' | 'owner' | 'buyer', string>
}

/** Everything that the calls of the table are made against. */
export type Scene = People & {
  prompts: Record<PromptState, ScenePrompt>
  market: Market
  runs: Runs
  /** What the payment provider signs its notices with. */
  webhookSecret: string
  /** Makes what a call uses up. */
  make: Makers
}

/** Each makes one more, which nobody else uses. Without another word it answers with its id. */
export type Makers = {
  prompt(state: PromptState): Promise<string>
  /** An active listing of the owner's. */
  listing(): Promise<string>
  suite(): Promise<string>
  comparison(): Promise<string>
  /** A comment of the buyer's. */
  comment(promptId: string): Promise<string>
  /** A label of the prompt; answers with its name. */
  label(prompt: ScenePrompt): Promise<string>
  /** A gate of a label that the prompt does not have; answers with its name. */
  gate(prompt: ScenePrompt): Promise<string>
  /** A rating by the caller. */
  rating(promptId: string, caller: CallerName): Promise<void>
  /** A user. */
  user(): Promise<SignedIn>
  /** A session of somebody's; answers with its refresh token. */
  session(): Promise<string>
}

/** Calls over REST, and fails unless the call succeeds. */
export type Ask = (request: string, options?: RestOptions) => Promise<any>

/** Makes all of it. */
export async function createScene(network: TestNetwork): Promise<Scene> {
  const ask: Ask = async (request, options) => {
    // A busy machine may not answer at once.
    const { status: http, body } = await until(`an answer to ${request}`, async () => {
      const answer = await network.rest(request, options)
      return answer.status < 500 && answer.body?.code !== status.ABORTED && answer
    })
    if (http !== 200) throw new Error(`${request} was answered ${http}: ${JSON.stringify(body)}`)
    return body
  }
  const cast = await createPeople(network)
  const { people } = cast
  for (const follower of [people.user, people.buyer, people.moderator, people.admin])
    await ask(`POST /v1/users/${people.owner.id}:follow`, { token: follower.token })
  const market = await createMarket(network, ask, cast)
  const prompts = {} as Scene['prompts']
  for (const state of PROMPT_STATES) prompts[state] = await createPrompt(ask, cast, market, state)
  const runs = await createRuns(ask, cast, prompts.private)
  const { webhookSecret } = paymentSecrets(network.secrets)
  await network.processAll()
  // The job does it every five seconds.
  const { database } = network.services['analytics']!.context as AnalyticsDeps
  await refreshTrending(database, 'DAY')
  const make = createMakers(network, ask, cast, { market, runs, prompts })
  return { ...cast, prompts, market, runs, webhookSecret, make }
}

/** Writes a prompt, sells it, shows it to everybody who comments on it, and brings it into its state. */
async function createPrompt(ask: Ask, { people }: People, market: Market, state: PromptState): Promise<ScenePrompt> {
  const { owner, user, buyer } = people
  const tag = `access-${state}`
  const body = { title: `Access ${state}`, content: CONTENT, tags: [tag], isPublic: false }
  const { prompt } = await ask('POST /v1/prompts', { token: owner.token, body })
  const path = `/v1/prompts/${prompt.id}`
  await market.sell(prompt.id)
  const { suite } = await ask('POST /v1/suites', { token: owner.token, body: suiteOf(prompt.id) })
  await until('the version to arrive', () =>
    ask(`PUT ${path}/labels/production`, { token: owner.token, body: { version: 1 } }),
  )
  await ask(`PUT ${path}/labels/gated/gate`, { token: owner.token, body: { suiteId: suite.suiteId } })
  await ask(`PATCH ${path}`, { token: owner.token, body: { isPublic: true } })
  await ask(`POST ${path}:like`, { token: user.token })
  const comment = async ({ token }: { token: string }) =>
    (await ask(`POST ${path}/comments`, { token, body: { content: 'Well said' } })).comment.id as string
  const comments = { user: await comment(user), owner: await comment(owner), buyer: await comment(buyer) }
  await bringInto(ask, owner, prompt.id, state)
  return { id: prompt.id, tag, suiteId: suite.suiteId, comments }
}

/** The text of each prompt. */
export const CONTENT = 'Say {{word}} three times'

/** Brings a prompt that everybody sees into a state. */
async function bringInto(ask: Ask, { token }: { token: string }, promptId: string, state: PromptState) {
  const path = `/v1/prompts/${promptId}`
  switch (state) {
    case 'public':
      return
    case 'private':
      return ask(`PATCH ${path}`, { token, body: { isPublic: false } })
    case 'draft':
      return ask(`PATCH ${path}`, { token, body: { status: 'DRAFT' } })
    case 'archived':
      return ask(`PATCH ${path}`, { token, body: { status: 'ARCHIVED' } })
    case 'deleted':
      return ask(`DELETE ${path}`, { token })
  }
}

function createMakers(
  network: TestNetwork,
  ask: Ask,
  { people, people: { owner, buyer } }: People,
  { market, runs, prompts }: Pick<Scene, 'market' | 'runs' | 'prompts'>,
): Makers {
  const { token } = owner
  let labels = 0
  return {
    prompt: async (state) => {
      const { prompt } = await ask('POST /v1/prompts', { token, body: { title: 'Spare', content: CONTENT } })
      await bringInto(ask, owner, prompt.id, state)
      return prompt.id
    },
    listing: async () => (await market.offer()).listingId,
    suite: async () => (await ask('POST /v1/suites', { token, body: suiteOf(prompts.private.id) })).suite.suiteId,
    comparison: async () =>
      (await ask('POST /v1/comparisons', { token, body: runs.comparisonBody })).comparison.comparisonId,
    comment: async (promptId) => {
      const body = { content: 'Well said' }
      return (await ask(`POST /v1/prompts/${promptId}/comments`, { token: buyer.token, body })).comment.id
    },
    label: async ({ id }) => {
      const name = `spare-${labels++}`
      await ask(`PUT /v1/prompts/${id}/labels/${name}`, { token, body: { version: 1 } })
      return name
    },
    gate: async ({ id, suiteId }) => {
      const name = `spare-${labels++}`
      await ask(`PUT /v1/prompts/${id}/labels/${name}/gate`, { token, body: { suiteId } })
      return name
    },
    rating: async (promptId, caller) => {
      const { token: theirs } = people[caller as keyof typeof people]
      await ask(`PUT /v1/prompts/${promptId}/ratings/me`, { token: theirs, body: { rating: 5 } })
    },
    user: () => network.signUp(),
    session: async () => {
      const body = { login: people.other.username, password: people.other.password }
      return (await ask('POST /v1/auth/login', { body })).tokens.refreshToken
    },
  }
}
