import { v7 } from 'uuid'
import { notFound } from '#chassis/errors.ts'
import type { EventHeaders, Received } from '#chassis/events/envelope.ts'
import type { Publish } from '#chassis/events/publisher.ts'
import type { TestMongo } from '#chassis/testing/mongo.ts'
import { startTestService } from '#chassis/testing/service.ts'
import { until } from '#chassis/testing/until.ts'
import { readTraceparent } from '#chassis/trace.ts'
import { EVENTS } from '#contracts/events.ts'
import type { VersionRange } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import { PromptContentChanged } from '#contracts/gen/promptforge/prompt/v1/prompt_events.ts'
import type { VersionCreated } from '#contracts/gen/promptforge/version/v1/version_events.ts'
import { LabelServiceService } from '#contracts/gen/promptforge/version/v1/label_service.ts'
import { VersionServiceService } from '#contracts/gen/promptforge/version/v1/version_service.ts'
import type { VersionConfig } from '../config.ts'
import type { ReadableVersions } from '#chassis/prompt-access.ts'
import type { VersionDocument } from '../db/documents.ts'
import type { LabelChangeDocument } from '../db/label-changes.ts'
import type { Deps } from '../context.ts'
import { onContentChanged } from '../events/on-content-changed.ts'
import { versionService } from '../service.ts'

/** What a test says of a version; the rest is ordinary. */
export type Fields = Partial<Omit<PromptContentChanged, 'metadata'>> & {
  metadata?: Partial<NonNullable<PromptContentChanged['metadata']>> | undefined
}

/** An event that a service without a broker has published. */
export type Published = { id: string; message: VersionCreated; headers?: EventHeaders }

type Options = {
  env?: Record<string, string>
  config?: Partial<VersionConfig>
  database?: TestMongo
  context?: Partial<Deps>
}

/**
 * The real version service on a database of its own. Who may read what, `readable` says in the place of the prompt service, and `published` is
 * what it has published when it has no broker.
 */
export async function startVersionService({ context, ...options }: Options = {}) {
  const published: Published[] = []
  const note: Publish = async (_event, publications) => void published.push(...(publications as Published[]))
  const readable = new Map<string, VersionRange[]>()
  const heads = new Map<string, number>()
  const changedAt = new Map<string, Date>()
  const owner = { token: '' }
  const readableVersions: ReadableVersions = async (promptId, { inherited }) => {
    const ranges = readable.get(promptId)
    if (!ranges) throw notFound('prompt')
    return {
      ranges,
      isOwner: inherited.token === owner.token,
      headVersion: heads.get(promptId) ?? ranges.at(-1)!.to,
      lastChangedAt: changedAt.get(promptId) ?? new Date(),
    }
  }
  const publishing = options.env?.['PF_NATS_URL'] ? {} : { publish: note }
  const overrides = { context: { readableVersions, ...publishing, ...context } }
  const test = await startTestService(versionService, { ...options, overrides })
  owner.token = await test.identity.tokenFor(AUTHOR)
  const handle = onContentChanged(test.service.context)
  return {
    ...test,
    versions: test.stub(VersionServiceService),
    labels: test.stub(LabelServiceService),
    readable,
    /** The head of a prompt, where it is not the last readable version. */
    heads,
    /** To be called as AUTHOR, whose all prompts are. */
    owner,
    /** When a prompt was last changed; default: now. */
    changedAt,
    published,
    /** The documents as they are stored. */
    documents: test.database.db.collection<VersionDocument>('prompt_versions'),
    changes: test.database.db.collection<LabelChangeDocument>('label_changes'),
    /** Hands events to the service's handler; answers with the reasons of those that it refuses. */
    handle: async (...batch: Received<PromptContentChanged>[]) => (await handle(batch)).map(({ reason }) => reason),
    /** Stores versions of one prompt that anyone may read. Waits for a broker that the service has not reached yet. */
    async store(versions: number[], fields: Fields = {}) {
      const promptId = v7()
      readable.set(promptId, [{ from: 1, to: Math.max(...versions) }])
      for (const version of versions) {
        const event = contentChanged(promptId, version, fields)
        await until(`version ${version} to be stored`, async () => (await handle([event])).length === 0)
      }
      return promptId
    },
  }
}

/** What `startVersionService` answers with. */
export type VersionTest = Awaited<ReturnType<typeof startVersionService>>

/** When the versions of tests were written. */
export const WRITTEN_AT = new Date('2026-11-01T12:00:00.123Z')

/** The author of the versions of tests. */
export const AUTHOR = { userId: '0198c0de-0000-7000-8000-00000000000a', username: 'ann' }

/** The event of a version, as the consumer hands it over. */
export const contentChanged = (
  promptId: string,
  version: number,
  fields: Fields = {},
): Received<PromptContentChanged> => ({
  event: EVENTS.promptContentChanged,
  id: v7(),
  payload: contentPayload(promptId, version, fields),
  requestId: 'request-1',
  trace: readTraceparent('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'),
})

/** Its message. */
export const contentPayload = (promptId: string, version: number, fields: Fields = {}) =>
  PromptContentChanged.fromPartial({
    metadata: { aggregateId: promptId, aggregateRevision: BigInt(version), occurredAt: WRITTEN_AT },
    actor: AUTHOR,
    version,
    title: 'A title',
    content: `Content ${version}`,
    description: 'What it is for',
    category: 'writing',
    variables: [{ name: 'text', type: 1, required: true }],
    model: 'a-model',
    changes: `Change ${version}`,
    visible: true,
    ...fields,
  })
