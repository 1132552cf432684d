import { ALL_EVENTS, consumedBy, type EventDefinition, EVENTS, relayedBy } from '#contracts/events.ts'
import { Comparing, type Finding } from './finding.ts'
import type { Stores } from './stores.ts'

/** Days for which a change certainly has its events in the outbox: one less than an outbox keeps them. */
const DAYS = 6

const SINCE = `now() - interval '${DAYS} days'`

/** The services that have an outbox. */
const RELAYING = [...new Set(ALL_EVENTS.map(({ service }) => service))].filter((name) => relayedBy(name).length > 0)

/** Compares what outboxes and versions tell with what happened, and with what analytics has counted. */
export const recountEvents = async (stores: Stores): Promise<Finding[]> => [
  await published(stores),
  await eventsOfPrompts(stores),
  await eventsOfUsers(stores),
  await counted(stores),
]

async function published({ query }: Stores): Promise<Finding> {
  const finding = new Comparing('every event was published')
  for (const service of RELAYING) {
    const [all] = await query<{ count: number }>(service, 'select count(*)::integer from outbox')
    finding.compared += all!.count
    const waiting = await query<{ id: string }>(service, 'select id from outbox where processed_at is null limit 1000')
    finding.wrong.push(...waiting.map(({ id }) => `event ${id} of ${service} was not published`))
  }
  return finding
}

/** SQL: whether a row of the outbox is one of these events, told for the first time. */
const isOneOf = (...events: EventDefinition[]) =>
  `payload #>> '{metadata,resync}' is null and (${events.map(({ subject }) => `subject = '${subject}' or subject like '${subject}.%'`).join(' or ')})`

const CHANGED = isOneOf(EVENTS.promptUpdated as EventDefinition, EVENTS.promptDeleted as EventDefinition)
const WRITTEN = isOneOf(EVENTS.promptContentChanged as EventDefinition)
const REGISTERED = isOneOf(EVENTS.userRegistered as EventDefinition)

type OfPrompt = { id: string; revision: number; version: number; changed: number; written: number }

async function eventsOfPrompts({ query }: Stores): Promise<Finding> {
  const rows = await query<OfPrompt>(
    'prompt',
    `with told as (
      select (payload #>> '{metadata,aggregateId}')::uuid as id,
        count(*) filter (where ${CHANGED})::integer as changed, count(*) filter (where ${WRITTEN})::integer as written
      from outbox where (${CHANGED}) or (${WRITTEN}) group by 1
    )
    select p.id, revision, version, coalesce(changed, 0) as changed, coalesce(written, 0) as written
    from prompts p left join told using (id) where p.created_at > ${SINCE}`,
  )
  const finding = new Comparing('every change of a prompt has its event, and no other')
  for (const { id, revision, version, changed, written } of rows) {
    const agrees = changed === revision - 1 && written === version
    finding.count(
      agrees
        ? undefined
        : `prompt ${id} changed ${revision - 1} times with ${changed} events, and has ${version} versions with ${written}`,
    )
  }
  return finding
}

async function eventsOfUsers({ query }: Stores): Promise<Finding> {
  const rows = await query<{ id: string; told: number }>(
    'user',
    `with told as (
      select (payload #>> '{metadata,aggregateId}')::uuid as id, count(*)::integer as told from outbox where ${REGISTERED} group by 1
    )
    select u.id, coalesce(told, 0) as told from users u left join told using (id) where u.created_at > ${SINCE}`,
  )
  const finding = new Comparing('every user has the event of their registration')
  for (const { id, told } of rows)
    finding.count(told === 1 ? undefined : `user ${id} has ${told} events of a registration`)
  return finding
}

const CONSUMER = 'analytics'

async function counted(stores: Stores): Promise<Finding> {
  const finding = new Comparing('analytics has every event, each once, and no other')
  const consumed = consumedBy(CONSUMER).filter(({ outbox }) => outbox)
  for (const service of RELAYING) {
    const own = consumed.filter((event) => event.service === service)
    const isConsumed = own.map(({ subject }) => `subject = '${subject}' or subject like '${subject}.%'`).join(' or ')
    const rows = { select: 'id', from: 'outbox', key: ['id'], where: isConsumed } as const
    for await (const page of stores.pages<{ id: string }>(service, rows))
      await findCounted(
        stores,
        finding,
        page.map(({ id }) => id),
      )
  }
  for await (const page of stores.versionsSince(new Date(Date.now() - DAYS * 86_400_000)))
    await findCounted(
      stores,
      finding,
      page.map(({ versionId }) => versionId),
    )
  await findEmitted(stores, finding)
  await findAudited(stores, finding)
  return finding
}

/** Looks for these events among those that were counted: each must be there once. */
async function findCounted({ query }: Stores, finding: Comparing, ids: string[]) {
  const rows = await query<{ event_id: string; count: number }>(
    CONSUMER,
    `select event_id, count(*)::integer from (
      select event_id from user_activity_events where event_id = any ($1)
      union all select event_id from prompt_activity_events where event_id = any ($1)
      union all select event_id from audit_entries where event_id = any ($1)
    ) e group by 1`,
    ids,
  )
  const counts = new Map(rows.map(({ event_id: id, count }) => [id, count]))
  for (const id of ids) {
    const count = counts.get(id) ?? 0
    finding.count(count === 1 ? undefined : `event ${id} was counted ${count} times`)
  }
}

/** Looks for what was counted where it was emitted. */
async function findEmitted(stores: Stores, finding: Comparing) {
  const emitters = new Map(consumedBy(CONSUMER).map((event) => [event.name, event]))
  for (const table of ['user_activity_events', 'prompt_activity_events']) {
    const rows = {
      select: 'event_id, event_type',
      from: table,
      key: ['event_id'],
      where: `event_time > ${SINCE} and event_type <> '${EVENTS.promptViewsRecorded.name}' and event_type <> 'prompt.viewed'`,
    } as const
    for await (const page of stores.pages<{ event_id: string; event_type: string }>(CONSUMER, rows)) {
      for (const [service, events] of Map.groupBy(page, (row) => emitters.get(row.event_type)?.service)) {
        const ids = events.map((row) => row.event_id)
        const emitted = new Set(service === undefined ? [] : await emittedOf(stores, service, ids))
        for (const id of ids) if (!emitted.has(id)) finding.wrong.push(`event ${id} was counted, and nobody emitted it`)
      }
    }
  }
}

/** Looks for the entries of the audit log where they were emitted. Those on labels were in documents, which keep none that was published. */
async function findAudited(stores: Stores, finding: Comparing) {
  const rows = {
    select: 'event_id',
    from: 'audit_entries',
    key: ['event_id'],
    where: `event_time > ${SINCE} and target_kind <> 'LABEL'`,
  } as const
  for await (const page of stores.pages<{ event_id: string }>(CONSUMER, rows)) {
    const ids = page.map((row) => row.event_id)
    const emitted = new Set<string>()
    for (const service of RELAYING) for (const id of await emittedOf(stores, service, ids)) emitted.add(id)
    for (const id of ids) if (!emitted.has(id)) finding.wrong.push(`entry ${id} was stored, and nobody emitted it`)
  }
}

async function emittedOf({ query, versionsById }: Stores, service: string, ids: string[]): Promise<string[]> {
  if (!RELAYING.includes(service)) return (await versionsById(ids)).map(({ versionId }) => versionId)
  return (await query<{ id: string }>(service, 'select id from outbox where id = any ($1)', ids)).map(({ id }) => id)
}
