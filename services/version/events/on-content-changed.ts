import type { Received } from '#chassis/events/envelope.ts'
import type { Refusal } from '#chassis/events/subscription.ts'
import type { PromptContentChanged } from '#contracts/gen/promptforge/prompt/v1/prompt_events.ts'
import type { Deps } from '../context.ts'
import { insertVersion } from '../db/insert-version.ts'
import { newVersion } from '../version.ts'

/** Stores the version of each event, in whatever order they come. One that comes again changes nothing. */
export const onContentChanged = (deps: Pick<Deps, 'versions' | 'arrivals'>) => {
  const store = storeVersion(deps)
  return async (batch: Received<PromptContentChanged>[]): Promise<Refusal[]> =>
    (await Promise.all(batch.map(store))).filter((refusal) => refusal !== undefined)
}

const storeVersion =
  ({ versions, arrivals }: Pick<Deps, 'versions' | 'arrivals'>) =>
  async (received: Received<PromptContentChanged>): Promise<Refusal | undefined> => {
    const row = newVersion(received)
    if (!row) return { received, reason: 'it does not say of which prompt it is a version, by whom or when' }
    const { promptId, version } = row
    if ((await insertVersion(versions, row)) === 'CONFLICT') {
      return { received, reason: `version ${version} of the prompt ${promptId} is there, and holds something else` }
    }
    arrivals.notify(promptId, version)
    return undefined
  }
