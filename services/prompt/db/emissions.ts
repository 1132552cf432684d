import { type Emission, emission, type SqlOf } from '#chassis/events/outbox.ts'
import type { Actor, EventMetadata } from '#contracts/gen/promptforge/event/v1/event.ts'
import type { PromptFacts } from '#contracts/gen/promptforge/prompt/v1/prompt_events.ts'
import { EVENTS } from '#contracts/events.ts'
import { isListed } from './readable.ts'

/** The facts of a prompt, as SQL: `row` has columns of `prompts`. `factsOf` in `prompt.ts` is the same. */
export function factsOf(row: string): SqlOf<PromptFacts> {
  const visible = isListed(row)
  return {
    ownerId: `${row}.user_id`,
    visible,
    title: `case when ${visible} then ${row}.title end`,
    category: `case when ${visible} then ${row}.category end`,
  }
}

/** What is said of a new version of a prompt; `row` has columns of `prompts`. Made only `when` there is one. */
export const contentChanged = (
  row: string,
  { when, ...members }: { metadata: SqlOf<EventMetadata>; actor: SqlOf<Actor>; changes: string; when?: string },
): Emission =>
  emission(
    EVENTS.promptContentChanged,
    {
      ...members,
      version: `${row}.version`,
      title: `${row}.title`,
      content: `${row}.content`,
      description: `${row}.description`,
      category: `${row}.category`,
      variables: `${row}.variables`,
      model: `${row}.model`,
      visible: factsOf(row).visible,
    },
    when,
  )
