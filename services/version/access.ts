import { notFound } from '#chassis/errors.ts'
import type { Origin } from '#chassis/grpc/call.ts'
import { type Channel, createStub, forward } from '#chassis/grpc/client.ts'
import { isNotFound } from '#chassis/grpc/status.ts'
import type { VersionRange } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import { PromptInternalServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'

/** The versions of a prompt that the caller may read, ascending. Throws NOT_FOUND when there are none. */
export type ReadableVersions = (promptId: string, origin: Origin) => Promise<VersionRange[]>

/** Asks the prompt service, with the caller's token. */
export function askPrompt(channel: Channel): ReadableVersions {
  const prompts = createStub(channel, PromptInternalServiceService)
  return async (promptId, origin) => {
    const { access } = await prompts.checkAccess({ promptId }, forward(origin)).catch((error: unknown) => {
      throw isNotFound(error) ? notFound('prompt') : error
    })
    return access!.readableVersions
  }
}
