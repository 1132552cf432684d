import { linesOf } from '../../services/deploy/recount/finding.ts'
import { recount } from '../../services/deploy/recount/recount.ts'
import { openStores, type Stores, type Version } from '../../services/deploy/recount/stores.ts'
import { onDatabase } from '../processes/on-database.ts'
import type { Databases } from './fill.ts'

/** What a service has beside what operators recount: lines that say what is wrong. */
const BESIDE = {
  prompt: [
    `select 'listed prompts without what they are searched by, or the other way round' as what, count(*)::integer as count
    from prompts p full join prompt_search s on s.prompt_id = p.id
    where coalesce(p.is_public and p.status = 'PUBLISHED' and p.deleted_at is null, false) <> (s.prompt_id is not null)`,
    `select 'prompts whose rank does not say their likes', count(*)::integer
    from prompt_rank r join prompts p on p.id = r.prompt_id where (r.likes, r.comments) <> (p.likes_count, p.comments_count)`,
    `select 'categories that count wrongly', count(*)::integer
    from categories c where prompts_count <> (select count(*) from prompt_rank r where r.category = c.name)`,
  ],
  marketplace: [
    `select 'listings for sale without what they are searched by, or the other way round' as what, count(*)::integer as count
    from prompt_listings l full join listing_search s on s.listing_id = l.id
    where coalesce(l.status = 'ACTIVE', false) <> (s.listing_id is not null)`,
  ],
} as const

/**
 * Recounts everything, as operators do after a restore, and answers with what does not agree, a line each: nothing, if all is well. No service may
 * run.
 */
export async function disagreements({ urls, mongo }: Databases): Promise<string[]> {
  await using stores = openStores({ ...urls, version: mongo.url }, mongo.name)
  const findings = await recount(await withVersions(stores))
  const wrong = findings.flatMap((finding) => (finding.wrong.length > 0 ? linesOf([finding]) : []))
  for (const [service, texts] of Object.entries(BESIDE)) {
    const url = urls[service as keyof typeof BESIDE]
    for (const { what, count } of await onDatabase<{ what: string; count: number }>(url, texts.join(' union all ')))
      if (count > 0) wrong.push(`✗ ${count} ${what}`)
  }
  return wrong
}

/**
 * The same stores with the versions read once from end to end: by many ids at once, the stand-in for MongoDB looks at all versions for each of them. They are
 * without their texts.
 */
async function withVersions(stores: Stores): Promise<Stores> {
  const known = new Map<string, Version[]>()
  for await (const page of stores.versionsSince(new Date(0)))
    for (const version of page) {
      const own = known.get(version.promptId) ?? []
      known.set(version.promptId, own)
      own.unshift(version) // they come newest first
    }
  return { ...stores, versionsOf: async (ids) => ids.flatMap((id) => known.get(id) ?? []) }
}
