import { createHash } from 'node:crypto'
import { validate } from 'uuid'
import type { EventHeaders, Received } from '#chassis/events/envelope.ts'
import { traceparentOf } from '#chassis/trace.ts'
import { Variable } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import type { PromptContentChanged } from '#contracts/gen/promptforge/prompt/v1/prompt_events.ts'

/** What a version holds: two versions with the same have the same hash. What is absent is empty. */
export type Held = {
  title: string
  content: string
  description: string
  category: string
  /** Proto3 JSON. */
  variables: unknown[]
  model: string
}

/** A version as it is stored, its ids as text. */
export type VersionRow = Held & {
  /** That of the event that brought it, and of the one that tells of it. */
  versionId: string
  promptId: string
  version: number
  contentHash: string
  /** Who wrote it, and their name then. */
  userId: string
  username: string
  changes: string
  createdAt: Date
  /** Whether the prompt was in lists for everyone: then its event may have the title. */
  visible: boolean
  /** Of its event: what caused it. */
  headers: EventHeaders
}

/** A version with all that is shown of it. */
export type FullRow = Omit<VersionRow, 'visible' | 'headers'>

/** What is shown of a version: in lists without content and variables. */
export type ShownRow = Omit<FullRow, 'content' | 'variables'> & Partial<Pick<FullRow, 'content' | 'variables'>>

/** Makes the version that an event tells of, whose id is the event's; undefined when that does not say of which prompt, by whom or when. */
export function newVersion(received: Received<PromptContentChanged>): VersionRow | undefined {
  const { metadata, actor, version, title, content, description, category, model, changes, visible } = received.payload
  const createdAt = metadata?.occurredAt
  if (!createdAt || Number.isNaN(createdAt.getTime()) || !actor || version < 1) return undefined
  if (![received.id, metadata.aggregateId, actor.userId].every((id) => validate(id))) return undefined
  const variables = received.payload.variables.map((variable) => Variable.toJSON(variable))
  const held: Held = { title, content, description, category, variables, model }
  return {
    ...held,
    versionId: received.id,
    promptId: metadata.aggregateId,
    version,
    contentHash: contentHash(held),
    userId: actor.userId,
    username: actor.username,
    changes,
    createdAt,
    visible,
    headers: headersOf(received),
  }
}

/** SHA-256 of what a version holds, in hexadecimal digits. */
export function contentHash({ title, content, description, category, variables, model }: Held): string {
  const canonical = JSON.stringify([title, content, description, category, variables, model])
  return createHash('sha256').update(canonical).digest('hex')
}

function headersOf({ trace, requestId }: Received): EventHeaders {
  const traceparent = traceparentOf(trace)
  return { ...(traceparent && { traceparent }), ...(requestId && { 'Pf-Request-Id': requestId }) }
}
