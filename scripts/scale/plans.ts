import { onDatabase } from '../processes/on-database.ts'
import type { Statement } from '#chassis/db/statements.ts'
import { LAST_ID } from '#chassis/ids.ts'
import { planOf, type PlanNode } from '#chassis/testing/plan-of.ts'
import { Client } from 'pg'
import { getPromptStats } from '../../services/analytics/db/get-prompt-stats.ts'
import { verifyLicense } from '../../services/marketplace/db/licenses.ts'
import { getListing } from '../../services/marketplace/db/listings.ts'
import * as listings from '../../services/marketplace/db/search-listings.ts'
import { hashOfLicenseKey } from '../../services/marketplace/license-key.ts'
import { getPrompt } from '../../services/prompt/db/get-prompt.ts'
import { listFeed } from '../../services/prompt/db/list-feed.ts'
import { listQuery } from '../../services/prompt/db/list-prompts.ts'
import * as prompts from '../../services/prompt/db/search-prompts.ts'
import { listTests } from '../../services/test/db/list-tests.ts'
import { getUser } from '../../services/user/db/get-user.ts'
import type { Databases } from './fill.ts'
import type { ScaleSite } from './site.ts'
import { makeWords } from './words.ts'

type Asked = { service: keyof Databases['urls']; query: Statement<never, unknown>; params: object }
type Ids = { user: string; prompt: string; listing: string; licenseKey: string }

const ANY = { userId: undefined, isOwn: false, category: undefined, tag: undefined, isPublic: undefined }
const FIRST_PAGE = { beforeTime: 'infinity', beforeId: LAST_ID, limit: 21 }
const NO_FILTER = { category: undefined, currency: undefined, minPrice: undefined, maxPrice: undefined }
const LAST_DAYS = { start: new Date(Date.now() - 30 * 86_400_000), end: new Date() }

const asked = <Params>(
  service: Asked['service'],
  { query, params }: { query: Statement<Params, unknown>; params: NoInfer<Params> },
): Asked => ({ service, query: query as Statement<never, unknown>, params: params as object })

/** The statements of the calls that read from PostgreSQL, about what has most of everything. */
const ASKED: Record<string, (ids: Ids) => Asked> = {
  GetUser: ({ user }) => asked('user', { query: getUser, params: { userId: user, readerId: null } }),
  GetPrompt: ({ prompt, user }) => asked('prompt', { query: getPrompt, params: { promptId: prompt, readerId: user } }),
  ListPrompts: () => asked('prompt', listQuery({ ...ANY, order: 'CREATED' }, undefined, 21)),
  SearchPrompts: () => asked('prompt', prompts.searchQuery([makeWords(15)[0]!], ANY, undefined, 21)),
  ListFeed: ({ user }) => asked('prompt', { query: listFeed, params: { followerId: user, ...FIRST_PAGE } }),
  GetListing: ({ listing }) => asked('marketplace', { query: getListing, params: { id: listing } }),
  SearchListings: () => asked('marketplace', listings.searchQuery([makeWords(15)[0]!], NO_FILTER, undefined, 21)),
  VerifyLicense: ({ licenseKey }) =>
    asked('marketplace', { query: verifyLicense, params: { keyHash: hashOfLicenseKey(licenseKey) } }),
  ListTests: ({ user }) =>
    asked('test', {
      query: listTests,
      params: { userId: user, promptId: null, status: null, provider: null, model: null, ...FIRST_PAGE },
    }),
  GetPromptStats: ({ prompt, user }) =>
    asked('analytics', {
      query: getPromptStats.DAY,
      params: { promptId: prompt, readerId: user, isAdmin: false, ...LAST_DAYS },
    }),
}

/** The plans of calls by which they run at both sizes: of those whose statement reads from PostgreSQL. */
export async function plansOf(
  names: string[],
  sites: Record<'small' | 'large', ScaleSite>,
): Promise<{ name: string; lines: string[] }[]> {
  const plans: { name: string; lines: string[] }[] = []
  for (const name of names) {
    const ask = ASKED[name]
    if (!ask) continue
    const lines: string[] = []
    for (const site of [sites.small, sites.large])
      lines.push(`${site.users} users`, ...(await linesOf(site, ask(await idsOf(site)))))
    plans.push({ name, lines })
  }
  return plans
}

async function idsOf({ urls, licenseKeys }: ScaleSite): Promise<Ids> {
  const first = async (service: keyof Databases['urls'], text: string) =>
    (await onDatabase<{ id: string }>(urls[service], text))[0]!.id
  return {
    user: await first('user', `select id from users where username = 'user1'`),
    prompt: await first('prompt', 'select id from prompts order by likes_count desc, id limit 1'),
    listing: await first('marketplace', 'select id from prompt_listings order by sales_count desc, id limit 1'),
    licenseKey: licenseKeys[0]!,
  }
}

async function linesOf({ urls }: ScaleSite, { service, query, params }: Asked): Promise<string[]> {
  const client = new Client({ connectionString: urls[service] })
  await client.connect()
  try {
    const run = async <Row>(text: string) => (await client.query(text)).rows as Row[]
    // A statement without a name is planned for its values.
    return planLines(await planOf({ query: run }, query.name ? 'generic' : 'custom', query, params as never))
  } finally {
    await client.end()
  }
}

/** A line for each node that looked at pages: what it is, on what, how many rows, and how many pages. */
export const planLines = (nodes: PlanNode[]): string[] =>
  nodes.flatMap((node) => {
    const pages = node['Shared Hit Blocks'] + node['Shared Read Blocks']
    const on = node['Index Name'] ?? node['Relation Name']
    if (pages === 0 || (on === undefined && node !== nodes[0])) return []
    const rows = Math.round(node['Actual Rows'] * node['Actual Loops'])
    return [`  ${node['Node Type']}${on === undefined ? '' : ` on ${on}`}: ${rows} rows, ${pages} pages`]
  })
