import { onDatabase } from '../processes/on-database.ts'
import type { Databases } from './fill.ts'

/** What the seed estimates sizes of. */
export const DOMAINS = ['users', 'prompts', 'social', 'tests', 'marketplace', 'analytics'] as const

/** One of them. */
export type Domain = (typeof DOMAINS)[number]

/** Bytes of what is stored: rows in their tables, long values beside these, and indexes. */
export type Bytes = { tables: number; toast: number; indexes: number }

/** A table of PostgreSQL, all its partitions together, or a collection. */
export type Size = Bytes & { domain: Domain; table: string; rows: number }

/** Kilobytes for each user by the seed, at each of its three sizes. */
export const SEED_KB: Record<Domain, number> = {
  users: 1,
  prompts: 10,
  social: 5,
  tests: 20,
  marketplace: 5,
  analytics: 50,
}

/** All bytes of one. */
export const allBytes = ({ tables, toast, indexes }: Bytes): number => tables + toast + indexes

const SOCIAL = new Set(['user_follows', 'prompt_likes', 'prompt_ratings', 'prompt_comments', 'follows'])

const DOMAIN_OF: Record<keyof Databases['urls'], Domain> = {
  user: 'users',
  prompt: 'prompts',
  test: 'tests',
  marketplace: 'marketplace',
  analytics: 'analytics',
}

// Statistics have the rows of each table: they were analysed a moment ago.
const TABLES = `
  select coalesce(parent.relname, c.relname) as table, sum(greatest(c.reltuples, 0))::float8 as rows,
    sum(pg_table_size(c.oid) - coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0))::float8 as tables,
    sum(coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0))::float8 as toast, sum(pg_indexes_size(c.oid))::float8 as indexes
  from pg_class c
  left join pg_inherits i on i.inhrelid = c.oid left join pg_class parent on parent.oid = i.inhparent
  where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
  group by 1 order by 1`

/** The sizes of all tables that have rows; `collections` are those of MongoDB, which do not say theirs. */
export async function sizesOf({ urls }: Pick<Databases, 'urls'>, collections: Size[]): Promise<Size[]> {
  const sizes: Size[] = []
  for (const [service, url] of Object.entries(urls)) {
    const domain = DOMAIN_OF[service as keyof typeof urls]
    for (const row of await onDatabase<Omit<Size, 'domain'>>(url, TABLES))
      if (row.rows > 0) sizes.push({ ...row, domain: SOCIAL.has(row.table) ? 'social' : domain })
  }
  return [...sizes, ...collections]
}

/** The sums of a domain, or of all. */
export function sumOf(sizes: Size[], domain?: Domain): Bytes {
  const sum = { tables: 0, toast: 0, indexes: 0 }
  for (const size of sizes) {
    if (domain !== undefined && size.domain !== domain) continue
    sum.tables += size.tables
    sum.toast += size.toast
    sum.indexes += size.indexes
  }
  return sum
}

/** Bytes at another number of users, by the line through two measured sizes. */
export const extrapolate = (small: Point, large: Point, users: number): number =>
  large.bytes + ((large.bytes - small.bytes) / (large.users - small.users)) * (users - large.users)

/** Bytes at a number of users. */
export type Point = { users: number; bytes: number }
