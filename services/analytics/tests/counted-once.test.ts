import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import { migrate } from '#chassis/db/migrate.ts'
import { createLogger } from '#chassis/logger.ts'
import { type TestDatabase, testDatabase } from '#chassis/testing/database.ts'
import { EVENTS } from '#contracts/events.ts'
import { migrations } from '../db/migrations/index.ts'
import { schema } from '../db/schema.ts'
import { type AnalyticsTest, eventOf, startAnalytics } from './harness.ts'

const AT = new Date('2026-11-03T10:00:00Z')
const [prompt, user] = [v7(), v7()]

let database: TestDatabase
let service: AnalyticsTest

// What the code before the table had stored: one prompt with two versions, and its author, each counted.
const STORED = `
  insert into prompt_activity_events (event_id, prompt_id, event_type, event_time, properties) values
    (gen_random_uuid(), '${prompt}', 'prompt.created', '${AT.toISOString()}', '{}'),
    (gen_random_uuid(), '${prompt}', 'version.created', '${AT.toISOString()}', '{"version": 1}'),
    (gen_random_uuid(), '${prompt}', 'version.created', '${AT.toISOString()}', '{"version": 2}');
  insert into user_activity_events (event_id, user_id, event_type, event_time) values
    (gen_random_uuid(), '${user}', 'user.registered', '${AT.toISOString()}');
  insert into prompt_daily select prompt_id, event_time::date, event_type, count(*) from prompt_activity_events group by 1, 2, 3;
  insert into user_daily select user_id, event_time::date, event_type, count(*) from user_activity_events group by 1, 2, 3;
  insert into platform_totals select event_type, count(*) from prompt_activity_events group by 1;
  insert into platform_totals select event_type, count(*) from user_activity_events group by 1`

beforeAll(async () => {
  const before = migrations.findIndex(({ name }) => name.endsWith('counted-once'))
  database = await testDatabase({ ...schema, migrations: migrations.slice(0, before) })
  await database.query(STORED)
  await migrate(schema, database.url, createLogger('test', 'silent'))
  service = await startAnalytics(undefined, database)
})
afterAll(async () => {
  await service.stop()
  await database.drop()
})

test('what was counted before the table of what is counted once was there is not counted again, and what is new is', async () => {
  const said = { at: AT, resync: true }
  await service.ingest(
    eventOf(EVENTS.promptCreated, { ...said, about: prompt, revision: 2 }),
    eventOf(EVENTS.userRegistered, { ...said, about: user }),
    ...[1, 2, 3].map((revision) => eventOf(EVENTS.versionCreated, { at: AT, about: prompt, revision })),
  )
  expect(await database.query('select event_type, count::integer from platform_totals order by 1')).toEqual([
    { event_type: 'prompt.created', count: 1 },
    { event_type: 'user.registered', count: 1 },
    { event_type: 'version.created', count: 3 },
  ])
})
