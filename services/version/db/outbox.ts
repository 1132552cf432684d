import { UUID } from 'mongodb'
import type { OutboxRow } from '#chassis/events/envelope.ts'
import type { OutboxStore } from '#chassis/events/outbox-store.ts'
import { EVENTS } from '#contracts/events.ts'
import { VersionCreated } from '#contracts/gen/promptforge/version/v1/version_events.ts'
import type { VersionDocument, Versions } from './documents.ts'

/** Events that are read at once, each of some hundred bytes. */
const PAGE_ROWS = 200

/** Documents at which counting what waits ends, and milliseconds that a replay may take. */
const COUNT_LIMIT = 100_000
const REPLAY_MS = 600_000

const { subject, stream } = EVENTS.versionCreated

/** What an event is made of: never the content. */
const EVENT_FIELDS = {
  _id: 0,
  versionId: 1,
  promptId: 1,
  version: 1,
  userId: 1,
  username: 1,
  visible: 1,
  title: 1,
  category: 1,
  createdAt: 1,
  headers: 1,
  attempts: 1,
} as const

type EventFields = Pick<VersionDocument, Exclude<keyof typeof EVENT_FIELDS, '_id'>>

const WAITING = { publishedAt: null, abandonedAt: { $exists: false } }

/**
 * The outbox of this service: the versions themselves, each with one event, whose id is the version's. The ids begin with the time,
 * so the index of what waits, by `createdAt` and `versionId`, has them in their order.
 */
export const versionOutbox = ({ versions }: { versions: Versions }): OutboxStore => ({
  read: async (after, without) => {
    if (without.includes(stream)) return []
    const rest = after ? { createdAt: { $gte: timeOf(after) }, versionId: { $gt: new UUID(after) } } : {}
    const documents = await versions
      .find<EventFields>({ ...WAITING, ...rest }, { projection: EVENT_FIELDS })
      .sort({ createdAt: 1, versionId: 1 })
      .limit(PAGE_ROWS)
      .toArray()
    return documents.map(toRow)
  },
  markPublished: (ids) => versions.updateMany(versionsOf(ids), { $set: { publishedAt: new Date() } }),
  markRefused: (ids) => versions.updateMany(versionsOf(ids), { $inc: { attempts: 1 } }),
  markAbandoned: (ids) => versions.updateMany(versionsOf(ids), { $set: { abandonedAt: new Date() } }),
  waiting: async () => {
    const rows = await versions.countDocuments(WAITING, { limit: COUNT_LIMIT })
    const oldest = await versions.findOne(WAITING, {
      sort: { createdAt: 1, versionId: 1 },
      projection: { createdAt: 1 },
    })
    return { rows, oldest: oldest?.createdAt }
  },
  replay: async (since) => {
    const published = { createdAt: { $gte: since }, publishedAt: { $ne: null } }
    const again = { $set: { publishedAt: null } }
    return (await versions.updateMany(published, again, { timeoutMS: REPLAY_MS })).modifiedCount
  },
})

const versionsOf = (ids: string[]) => ({ versionId: { $in: ids.map((id) => new UUID(id)) } })

/** When a version was written, from its id: the first 48 bits of a UUID of version 7 are milliseconds. */
const timeOf = (id: string) => new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16))

const toRow = (fields: EventFields): OutboxRow => ({
  id: fields.versionId.toString(),
  subject,
  payload: payloadOf(fields),
  headers: fields.headers,
  occurredAt: fields.createdAt,
  attempts: fields.attempts ?? 0,
})

function payloadOf({ promptId, version, userId, username, visible, title, category }: EventFields) {
  const event = VersionCreated.fromPartial({
    metadata: { aggregateId: promptId.toString(), aggregateRevision: BigInt(version) },
    actor: { userId: userId.toString(), username },
    version,
    ...(visible && { title, category }),
  })
  return VersionCreated.toJSON(event) as OutboxRow['payload']
}
