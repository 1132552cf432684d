import { Variable_Type } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import { Version } from '#contracts/gen/promptforge/version/v1/version.ts'
import { VersionServiceService as Rpcs } from '#contracts/gen/promptforge/version/v1/version_service.ts'
import { bareRpc, type BareRpc } from './serve.ts'

/** What every prompt says whose tests are measured: as `fillPrompts` writes it. */
const CONTENT = 'Summarise what follows on {{topic}} in five sentences. '.repeat(18)

/** The values of all tests, and the text that they make. */
export const VALUES = { topic: 'tea' }
export const TEXT = CONTENT.replaceAll('{{topic}}', VALUES.topic)

/** GetVersion from memory, the same of each prompt: what is measured of tests does not depend on the speed of a development store. */
export const rememberedVersions = (): BareRpc[] => [
  bareRpc(Rpcs.getVersion, async ({ promptId, version }) => ({
    version: Version.fromPartial({
      promptId,
      version,
      content: CONTENT,
      contentHash: 'a'.repeat(64),
      variables: [{ name: 'topic', type: Variable_Type.TEXT, description: 'What it is about', required: true }],
    }),
    notModified: false,
  })),
]
