import type { Received } from '#chassis/events/envelope.ts'
import type { Refusal } from '#chassis/events/subscription.ts'
import type { PromptContentChanged } from '#contracts/gen/promptforge/prompt/v1/prompt_events.ts'
import type { Deps } from '../context.ts'
import { insertWithoutErased } from '../db/erased-users.ts'
import { newVersion, type VersionRow } from '../version.ts'
import { publishCreated } from './publish-created.ts'

type Parts = Pick<Deps, 'orm' | 'versions' | 'arrivals' | 'publish'>

/**
 * Stores the version of each event, in whatever order they come, and publishes that it is there. One that comes again is published again, under
 * the same id: whoever stored it may have been killed before that.
 */
export const onContentChanged =
  ({ orm, versions, arrivals, publish }: Parts) =>
  async (batch: Received<PromptContentChanged>[]): Promise<Refusal[]> => {
    const entries = batch.map((received) => ({ received, row: newVersion(received) }))
    const readable = entries.flatMap(({ received, row }) => (row ? [{ received, row }] : []))
    const outcomes = await insertWithoutErased(
      { orm, versions },
      readable.map(({ row }) => row),
    )
    const stored = outcomes.filter((outcome) => outcome !== undefined)
    for (const { promptId, version } of stored) arrivals.notify(promptId.toString(), version)
    await publishCreated(publish, stored)
    const clashing = readable.filter((_, index) => !outcomes[index])
    return [
      ...entries.filter(({ row }) => !row).map(({ received }) => ({ received, reason: UNREADABLE })),
      ...clashing.map(({ received, row }) => ({ received, reason: clash(row) })),
    ]
  }

const UNREADABLE = 'it does not say of which prompt it is a version, by whom or when'

const clash = ({ promptId, version }: VersionRow) =>
  `version ${version} of the prompt ${promptId} is there, and holds something else`
