import { notFound } from './errors.ts'
import type { Origin } from './grpc/call.ts'
import { type Channel, createStub, forward } from './grpc/client.ts'
import { isNotFound } from './grpc/status.ts'
import { Access_Kind, type VersionRange } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import { PromptInternalServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_internal_service.ts'

/** What a caller may read of a prompt. */
export type Readable = {
  /** Its versions, ascending: at least one range. */
  ranges: VersionRange[]
  /** Whether the caller owns the prompt. */
  isOwner: boolean
  /** The head, which the caller may not be allowed to read. */
  headVersion: number
  /** When the newest of all versions was written at the latest; undefined when the prompt service does not say it. */
  lastChangedAt: Date | undefined
}

/** Finds out what the caller may read of a prompt. Throws NOT_FOUND when that is nothing. */
export type ReadableVersions = (promptId: string, origin: Origin) => Promise<Readable>

/** Whether a version is one of these. */
export const includesVersion = (ranges: VersionRange[], version: number) =>
  ranges.some(({ from, to }) => from <= version && version <= to)

/** Asks the prompt service, with the caller's token. */
export function askPrompt(channel: Channel): ReadableVersions {
  const prompts = createStub(channel, PromptInternalServiceService)
  return async (promptId, origin) => {
    const { access, headVersion, lastChangedAt } = await prompts
      .checkAccess({ promptId }, forward(origin))
      .catch((error: unknown) => {
        throw isNotFound(error) ? notFound('prompt') : error
      })
    const { kind, readableVersions: ranges } = access!
    return { ranges, isOwner: kind === Access_Kind.OWNER, headVersion, lastChangedAt }
  }
}
