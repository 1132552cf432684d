import { isEvent, type Received } from '#chassis/events/envelope.ts'
import { EVENTS } from '#contracts/events.ts'
import type { Actor, EventMetadata } from '#contracts/gen/promptforge/event/v1/event.ts'
import type { PromptFacts, PromptView } from '#contracts/gen/promptforge/prompt/v1/prompt_events.ts'
import { hash, json, moment, optionalUuid, text, uuid } from './checks.ts'
import { type Facts, onceOf, type PromptEventRow, type RowsOf } from './rows.ts'

/** The type of a view: it is stored one by one, and arrives with others in one message. */
export const VIEWED = 'prompt.viewed'

/** What the events about prompts have in common; what else one says goes to `properties`. */
type AboutPrompt = { metadata?: EventMetadata; actor?: Actor; prompt?: PromptFacts; title?: string; category?: string }

/** The row of an event about a prompt, or of a message about views a row for each. */
export const promptRows: RowsOf<PromptEventRow> = (received) =>
  isEvent(received, EVENTS.promptViewsRecorded)
    ? received.payload.views.map((view) => () => viewRow(view))
    : [() => promptRow(received)]

function promptRow({ event, id, payload }: Received): PromptEventRow {
  const { metadata, actor, prompt, title, category, ...rest } = payload as AboutPrompt
  const facts = prompt && factsOf(prompt, metadata, event.name === EVENTS.promptDeleted.name)
  return {
    id: uuid('id', id),
    time: moment(metadata?.occurredAt),
    type: event.name,
    promptId: uuid('aggregate_id', metadata?.aggregateId ?? ''),
    ...whoAndWhat(actor, prompt ?? { title, category }),
    viewerHash: null,
    properties: json(facts ? { ...rest, ...tellable(facts) } : rest),
    once: onceOf(event, metadata),
    facts,
  }
}

// What `recount` compares with what is known of the prompt.
const tellable = ({ ownerId, visible, revision }: Facts) => ({ ownerId, visible, revision: Number(revision) })

const viewRow = ({ eventId, promptId, prompt, viewer, viewerHash, occurredAt }: PromptView): PromptEventRow => ({
  id: uuid('event_id', eventId),
  time: moment(occurredAt),
  type: VIEWED,
  promptId: uuid('prompt_id', promptId),
  ...whoAndWhat(viewer, prompt),
  viewerHash: hash('viewer_hash', viewerHash),
  properties: null,
  once: null,
  facts: undefined,
})

const whoAndWhat = (
  actor: Actor | undefined,
  prompt: { title?: string | undefined; category?: string | undefined } | undefined,
) => ({
  userId: optionalUuid('user_id', actor?.userId),
  username: text('username', actor?.username, 50),
  title: text('title', prompt?.title, 200),
  category: text('category', prompt?.category, 50),
})

const factsOf = (
  { ownerId, visible, title, category }: PromptFacts,
  metadata: EventMetadata | undefined,
  deleted: boolean,
): Facts => ({
  ownerId: uuid('owner_id', ownerId),
  visible,
  deleted,
  revision: metadata?.aggregateRevision ?? 0n,
  resynced: metadata?.resync ?? false,
  title: visible ? text('title', title, 200) : null,
  category: visible ? text('category', category, 50) : null,
})
