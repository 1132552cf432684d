import type { Received } from '#chassis/events/envelope.ts'
import type { EventMetadata } from '#contracts/gen/promptforge/event/v1/event.ts'

/** What the rows of all events have. */
export type EventRow = {
  /** Id of the event: its message's, or a view's own. */
  id: string
  time: Date
  type: string
  username: string | null
  /** JSON of what its event says beside the columns; null when nothing. */
  properties: string | null
  /**
   * For what can happen only once to what the event is about: what it is, `version.created 3`. It is counted once, whatever its id. Null for
   * what can happen often.
   */
  once: string | null
}

/** What an event tells of its user, at a revision. */
export type UserFacts = { username: string; revision: bigint }

/** A row of `user_activity_events`, and what it tells of the user. */
export type UserEventRow = EventRow & { userId: string; email: string | null; facts: UserFacts | undefined }

/**
 * What an event tells of its prompt, at a revision; `resynced` when `resync` told it and not the event of that revision. A prompt that is not
 * visible has neither title nor category.
 */
export type Facts = {
  ownerId: string
  visible: boolean
  deleted: boolean
  revision: bigint
  resynced: boolean
  title: string | null
  category: string | null
}

/** A row of `prompt_activity_events`, and what it tells of the prompt. */
export type PromptEventRow = EventRow & {
  promptId: string
  title: string | null
  userId: string | null
  category: string | null
  viewerHash: string | null
  facts: Facts | undefined
}

/**
 * Finds the rows of an event: a function for each, which makes it, or throws a BadEvent for what can never be stored. A message about
 * views has many, and a bad one leaves the others alone.
 */
export type RowsOf<Row> = (received: Received) => (() => Row)[]

/** The `once` of a row. */
export function onceOf({ name, happens }: Received['event'], metadata: EventMetadata | undefined): string | null {
  switch (happens) {
    case 'ONCE':
      return name
    case 'ONCE_A_REVISION':
      return `${name} ${metadata?.aggregateRevision}`
    case 'OFTEN':
      return null
  }
}
