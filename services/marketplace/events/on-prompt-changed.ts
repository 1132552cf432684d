import type { Cause } from '#chassis/cause.ts'
import type { Received } from '#chassis/events/envelope.ts'
import { isNotFound } from '#chassis/grpc/status.ts'
import type { PromptDeleted, PromptUpdated } from '#contracts/gen/promptforge/prompt/v1/prompt_events.ts'
import type { Database } from '#chassis/db/orm.ts'
import type { Deps, Remote } from '../context.ts'
import { activeListing } from '../db/listings.ts'
import { isPublic } from '../listing.ts'
import { withdrawListing } from '../sales/withdraw-listing.ts'

/** Of every prompt. */
const FIRST_VERSION = 1

/** Nobody buys what was deleted. What is not active any more stays as it is, so that it needs no inbox. */
export const onPromptDeleted =
  ({ database }: Pick<Deps, 'database'>) =>
  (received: Received<PromptDeleted>) =>
    removeListing(database, received.payload.metadata!.aggregateId, FIRST_VERSION, received)

/** Nobody buys what anyone may read. Whether that is so now is asked, for events may come late and in any order. */
export const onPromptUpdated =
  ({ database, remote }: Pick<Deps, 'database' | 'remote'>) =>
  async (received: Received<PromptUpdated>) => {
    const promptId = received.payload.metadata!.aggregateId
    const listed = await database.sql(activeListing, { promptId })
    if (listed.length === 0) return
    const publicFrom = await firstPublic(remote, promptId, received)
    if (publicFrom !== undefined) await removeListing(database, promptId, publicFrom, received)
  }

/** The first version that anyone may read; undefined when there is none. */
async function firstPublic({ access }: Pick<Remote, 'access'>, promptId: string, { requestId }: Cause) {
  const found = access.checkAccess({ promptId }, { requestId })
  const { publicFromVersion } = await found.catch((error: unknown) => {
    if (isNotFound(error)) return { publicFromVersion: undefined }
    throw error
  })
  return publicFromVersion
}

/** Removes the active listing of a prompt, if it sells one of these versions or a later one. */
const removeListing = ({ transaction }: Database, promptId: string, from: number, cause: Cause): Promise<void> =>
  transaction(cause, (em, emit, now) =>
    withdrawListing(em, emit, { promptId }, now, ({ promptVersion }) => isPublic(promptVersion, from)),
  )
