import { type Document, MongoClient, type UUID } from 'mongodb'
import { consumedBy, EVENTS } from '#contracts/events.ts'
import { onDatabase } from '../processes/on-database.ts'
import type { Ledger } from './ledger.ts'
import { recountSocial } from './recount-social.ts'

/** One thing that is proven: how many of what were compared, and what does not agree (the first few). */
export type Finding = { what: string; compared: number; wrong: string[] }

type Databases = Record<string, string>

/** Compares what was acknowledged, what is stored, and what others were told of it. Everything must have been processed. */
export async function recount(databases: Databases, ledger: Ledger): Promise<Finding[]> {
  const facts = await readFacts(databases)
  return [
    acknowledgedUsers(ledger, facts),
    acknowledgedPrompts(ledger, facts),
    acknowledgedVersions(ledger, facts),
    versionsOfPrompts(facts),
    ...eventsOfServices(facts, ledger),
    eventsInAnalytics(facts),
    factsInAnalytics(facts),
    namesInPrompt(facts),
    ...(await recountSocial(databases, ledger)),
  ]
}

type User = { id: string; username: string; revision: number }
type Prompt = {
  id: string
  user_id: string
  username: string
  title: string
  version: number
  revision: number
  visible: boolean
  deleted: boolean
}
type OutboxEvent = { id: string; subject: string; done: boolean; aggregate: string }
type Version = { promptId: string; version: number; title: string; versionId: string }

async function readFacts(databases: Databases) {
  const outbox = (name: string) =>
    onDatabase<OutboxEvent>(
      databases[name]!,
      `select id, subject, processed_at is not null as done, payload -> 'metadata' ->> 'aggregateId' as aggregate from outbox`,
    )
  return {
    users: byId(await onDatabase<User>(databases['user']!, 'select id, username, revision from users')),
    prompts: byId(
      await onDatabase<Prompt>(
        databases['prompt']!,
        `select id, user_id, username, title, version, revision, deleted_at is not null as deleted,
          is_public and status = 'PUBLISHED' and deleted_at is null as visible from prompts`,
      ),
    ),
    outboxes: {
      user: await outbox('user'),
      prompt: await outbox('prompt'),
      test: await outbox('test'),
      marketplace: await outbox('marketplace'),
    },
    versions: await readVersions(databases['version']!),
    analytics: await onDatabase<{ event_id: string; event_type: string }>(
      databases['analytics']!,
      `select event_id, event_type from user_activity_events
      union all select event_id, event_type from prompt_activity_events where event_type <> 'prompt.viewed'
      union all select event_id, action from audit_entries where target_kind <> 'LABEL'`,
    ),
    promptFacts: await onDatabase<{ prompt_id: string; owner_id: string; visible: boolean; revision: number }>(
      databases['analytics']!,
      'select prompt_id, owner_id, visible, revision::integer from prompt_facts',
    ),
  }
}

type Facts = Awaited<ReturnType<typeof readFacts>>

async function readVersions(url: string): Promise<Version[]> {
  const client = await MongoClient.connect(url)
  try {
    const found = await client.db().collection('prompt_versions').find({}).project({ content: 0 }).toArray()
    return found.map((document: Document) => ({
      promptId: (document['promptId'] as UUID).toString(),
      version: document['version'] as number,
      title: document['title'] as string,
      versionId: (document['versionId'] as UUID).toString(),
    }))
  } finally {
    await client.close()
  }
}

function acknowledgedUsers({ users }: Ledger, facts: Facts): Finding {
  const wrong = [...users].flatMap(([id, { username, isUnsure }]) => {
    const stored = facts.users.get(id)
    if (!stored) return [`user ${id} is gone`]
    return isUnsure || stored.username === username ? [] : [`user ${id} is called ${stored.username}, not ${username}`]
  })
  return { what: 'acknowledged users are there, by their last name', compared: users.size, wrong }
}

function acknowledgedPrompts({ prompts }: Ledger, facts: Facts): Finding {
  const wrong = [...prompts].flatMap(([id, { ownerId, versions, isDeleted }]) => {
    const stored = facts.prompts.get(id)
    if (stored?.user_id !== ownerId) return [`prompt ${id} is gone`]
    if (isDeleted && !stored.deleted) return [`prompt ${id} is back`]
    return stored.version >= Math.max(...versions.keys()) ? [] : [`prompt ${id} fell back to version ${stored.version}`]
  })
  return { what: 'acknowledged prompts and deletions are there', compared: prompts.size, wrong }
}

function acknowledgedVersions({ prompts }: Ledger, { versions }: Facts): Finding {
  const titles = new Map(versions.map(({ promptId, version, title }) => [`${promptId} ${version}`, title]))
  const acked = [...prompts].flatMap(([id, prompt]) =>
    [...prompt.versions].map(([version, title]) => ({ id, version, title })),
  )
  const wrong = acked.flatMap(({ id, version, title }) =>
    titles.get(`${id} ${version}`) === title ? [] : [`version ${version} of prompt ${id} is not as acknowledged`],
  )
  return { what: 'acknowledged versions are there, as they were written', compared: acked.length, wrong }
}

function versionsOfPrompts({ prompts, versions }: Facts): Finding {
  const byPrompt = Map.groupBy(versions, ({ promptId }) => promptId)
  const wrong = [...prompts.values()].flatMap(({ id, version: head, title }) => {
    const own = (byPrompt.get(id) ?? []).toSorted((a, b) => a.version - b.version)
    if (own.length !== head || own.some(({ version }, index) => version !== index + 1)) {
      return [`prompt ${id} has ${head} versions, of which ${own.map(({ version }) => version).join(',')} are stored`]
    }
    return own.at(-1)!.title === title ? [] : [`the head of prompt ${id} is not its last version`]
  })
  return { what: 'every prompt has its versions from 1 to the head, without a hole', compared: versions.length, wrong }
}

function eventsOfServices({ outboxes, prompts, users }: Facts, { signIns }: Ledger): Finding[] {
  const all = Object.values(outboxes).flat()
  const unpublished = all.filter(({ done }) => !done).map(({ id }) => `event ${id} was not published`)
  const countOf = (rows: OutboxEvent[], ...events: { subject: string }[]) => {
    const own = rows.filter(({ subject }) => events.some((event) => subject.startsWith(event.subject)))
    return Map.groupBy(own, ({ aggregate }) => aggregate)
  }
  const changes = countOf(outboxes.prompt, EVENTS.promptUpdated, EVENTS.promptDeleted)
  const contents = countOf(outboxes.prompt, EVENTS.promptContentChanged)
  const wrongPrompts = [...prompts.values()].flatMap(({ id, revision, version }) => {
    const [changed = [], written = []] = [changes.get(id), contents.get(id)]
    const agrees = changed.length === revision - 1 && written.length === version
    return agrees ? [] : [`prompt ${id} changed ${revision - 1} times with ${changed.length} events`]
  })
  const renames = countOf(outboxes.user, EVENTS.userRenamed)
  const registered = countOf(outboxes.user, EVENTS.userRegistered)
  const wrongUsers = [...users.values()].flatMap(({ id, revision }) => {
    const agrees = registered.get(id)?.length === 1 && (renames.get(id)?.length ?? 0) === revision - 1
    return agrees ? [] : [`user ${id} at revision ${revision} has other events`]
  })
  const signedIn = outboxes.user.filter(({ subject }) => subject === EVENTS.userSignedIn.subject).length
  const lost = signedIn < signIns ? [`${signIns} sign-ins were acknowledged, and ${signedIn} have an event`] : []
  return [
    { what: 'every event was published', compared: all.length, wrong: unpublished },
    { what: 'every change of a prompt has its event, and no other', compared: prompts.size, wrong: wrongPrompts },
    { what: 'every user and sign-in has its events', compared: users.size, wrong: [...wrongUsers, ...lost] },
  ]
}

function eventsInAnalytics({ outboxes, versions, analytics }: Facts): Finding {
  const consumed = new Set(
    consumedBy('analytics')
      .filter(({ outbox }) => outbox)
      .map(({ subject }) => subject),
  )
  const isConsumed = ({ subject }: OutboxEvent) =>
    [...consumed].some((one) => subject === one || subject.startsWith(`${one}.`))
  const emitted = [
    ...Object.values(outboxes)
      .flat()
      .filter(isConsumed)
      .map(({ id }) => id),
    ...versions.map(({ versionId }) => versionId),
  ]
  const counted = new Set(analytics.map(({ event_id: id }) => id))
  const missing = emitted.filter((id) => !counted.has(id)).map((id) => `event ${id} was not counted`)
  const known = new Set(emitted)
  const strange = [...counted]
    .filter((id) => !known.has(id))
    .map((id) => `event ${id} was counted, and nobody emitted it`)
  const twice =
    analytics.length === counted.size ? [] : [`${analytics.length - counted.size} events were counted twice`]
  return {
    what: 'analytics has every event, each once, and no other',
    compared: emitted.length,
    wrong: [...missing, ...strange, ...twice],
  }
}

function factsInAnalytics({ prompts, promptFacts }: Facts): Finding {
  const known = new Map(promptFacts.map((fact) => [fact.prompt_id, fact]))
  const wrong = [...prompts.values()].flatMap(({ id, user_id: ownerId, visible, revision }) => {
    const fact = known.get(id)
    const agrees = fact?.owner_id === ownerId && fact.visible === visible && fact.revision === revision
    return agrees ? [] : [`prompt ${id} is at revision ${revision}, and known to analytics at ${fact?.revision}`]
  })
  return { what: 'analytics knows every prompt as it is', compared: prompts.size, wrong }
}

function namesInPrompt({ prompts, users }: Facts): Finding {
  const wrong = [...prompts.values()].flatMap(({ id, user_id: ownerId, username }) => {
    const now = users.get(ownerId)?.username
    return now === username ? [] : [`prompt ${id} shows ${username}, whose name is ${now}`]
  })
  return { what: 'every prompt shows its author by the present name', compared: prompts.size, wrong }
}

const byId = <T extends { id: string }>(rows: T[]) => new Map(rows.map((row) => [row.id, row]))
