import type { Publish } from '#chassis/events/publisher.ts'
import { EVENTS } from '#contracts/events.ts'
import { VersionCreated } from '#contracts/gen/promptforge/version/v1/version_events.ts'
import type { EventFields } from '../db/documents.ts'

/** Publishes that versions were stored, under their ids: published again, an event is the same. They are in JetStream when it returns. */
export const publishCreated = (publish: Publish, versions: EventFields[]): Promise<void> =>
  publish(
    EVENTS.versionCreated,
    versions.map((fields) => ({
      id: fields.versionId.toString(),
      message: toMessage(fields),
      headers: fields.headers,
    })),
  )

const toMessage = ({ promptId, version, userId, username, visible, title, category, createdAt }: EventFields) =>
  VersionCreated.fromPartial({
    metadata: { aggregateId: promptId.toString(), aggregateRevision: BigInt(version), occurredAt: createdAt },
    actor: { userId: userId.toString(), username },
    version,
    ...(visible && { title, category }),
  })
