import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { schema as analytics } from '../../../services/analytics/db/schema.ts'
import { migrate } from '../../../services/chassis/db/migrate.ts'
import type { Schema } from '../../../services/chassis/db/orm.ts'
import { createLogger } from '../../../services/chassis/logger.ts'
import { schema as marketplace } from '../../../services/marketplace/db/schema.ts'
import { schema as prompt } from '../../../services/prompt/db/schema.ts'
import { schema as runs } from '../../../services/test/db/schema.ts'
import { schema as user } from '../../../services/user/db/schema.ts'
import { fillPrompts, fillUsers } from '../../bench/seed.ts'
import { fillLicenses, fillListings } from '../../bench/seed-marketplace.ts'
import type { Databases } from './plain-postgres.ts'

const CHECKS = join(import.meta.dirname, '../../../k8s/production/restore-drill/checks')

const SCHEMAS: Record<string, Schema> = { user, prompt, test: runs, marketplace, analytics }

/** Makes the five databases with all tables of the services, by their migrations, and puts rows into them. */
export async function makeOurTables(server: Databases): Promise<void> {
  for (const [service, schema] of Object.entries(SCHEMAS)) {
    await server.query('postgres', `create database "${service}"`)
    await migrate(schema, server.urlOf(service), createLogger('test', 'silent'))
    // What PostgreSQL has from 18 on, and the statements that fill the tables use.
    await server.query(
      service,
      `create function uuidv7(age interval default '0') returns uuid language sql as 'select gen_random_uuid()'`,
    )
  }
  await server.query(
    'user',
    `insert into users (id, username, email, password, created_at)
    values (uuidv7(), 'first', 'first@bench.test', 'no password', now())`,
  )
  const people = await fillUsers(server.urlOf('user'), 200)
  await fillPrompts(server.urlOf('prompt'), people, 300)
  await fillListings(server.urlOf('marketplace'), people, ['writing'], 100)
  await fillLicenses(server.urlOf('marketplace'), 'a secret of this test, long enough', 50)
  await changeRows(server, 1)
}

/** Adds, changes and deletes rows in every database. `round` tells one call from another. */
export async function changeRows({ query }: Databases, round: number): Promise<void> {
  await query(
    'user',
    `update users set bio = 'Round ${round}', revision = revision + 1 where username like 'bench%${round}'`,
  )
  await query(
    'user',
    `insert into held_usernames select 'held-' || ${round} || username, id, now() from users order by id limit 20`,
  )
  await query('prompt', `update prompts set title = 'Round ${round}' where title like '%${round}'`)
  await query(
    'prompt',
    `insert into follows (follower_id, following_id, revision, active)
    select uuidv7(), uuidv7(), ${round}, true from generate_series(1, 50)`,
  )
  await query('prompt', `delete from prompts where id in (select id from prompts order by id limit 5)`)
  await query(
    'test',
    `insert into budgets (user_id, daily_limit_micros) select uuidv7(), n from generate_series(1, 50) n`,
  )
  for (const service of Object.keys(SCHEMAS).filter((name) => name !== 'analytics')) {
    await query(
      service,
      `insert into outbox (id, subject, payload, occurred_at)
      select uuidv7(), 'pf.of.round-${round}', '{}', now() from generate_series(1, 20)`,
    )
  }
  await query('analytics', `insert into event_ids select uuidv7(), now() from generate_series(1, 20)`)
  await query('test', `delete from budgets where daily_limit_micros = ${round}`)
  await query('marketplace', `update prompt_listings set price = price + 1 where title like '%${round}'`)
  await query(
    'analytics',
    `insert into user_activity_events (event_id, user_id, event_type, event_time)
    select uuidv7(), uuidv7(), 'USER_LOGIN', now() from generate_series(1, 100)`,
  )
}

/** What the checks of the restore drill say is wrong, by service. */
export async function problemsOf({ query }: Databases): Promise<Record<string, unknown[]>> {
  const problems: Record<string, unknown[]> = {}
  for (const service of Object.keys(SCHEMAS)) {
    const check = readFileSync(join(CHECKS, `${service}.sql`), 'utf8')
    const settled = await query(service, check.replaceAll(`current_setting('drill.max_age')`, `'1 hour'`))
    problems[service] = settled.flatMap(Object.values)
  }
  return problems
}

/** The number of rows of each table, and a checksum of all of them, by `database.table`. */
export async function checksumsOf({ query }: Databases): Promise<Record<string, string>> {
  const sums: Record<string, string> = {}
  for (const database of Object.keys(SCHEMAS)) {
    const tables = await query<{ name: string }>(
      database,
      `select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`,
    )
    const rows = await query<{ name: string; sum: string }>(
      database,
      tables.map(({ name }) => sumOf(name)).join(' union all '),
    )
    for (const { name, sum } of rows) sums[`${database}.${name}`] = sum
  }
  return sums
}

const sumOf = (table: string) => `
  select '${table}' as name, count(*) || ' rows, ' || coalesce(md5(string_agg(sum, '' order by sum)), '-') as sum
  from (select md5(t::text) as sum from "${table}" t) rows`
