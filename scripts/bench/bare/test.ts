import type { Pool } from 'pg'
import { render } from '#chassis/render.ts'
import { TestServiceService as Rpcs } from '#contracts/gen/promptforge/test/v1/test_service.ts'
import { VersionServiceService } from '#contracts/gen/promptforge/version/v1/version_service.ts'
import { toTest } from '../../../services/test/rpc/view.ts'
import { asker } from './ask.ts'
import { bareRpc, type BareRpc } from './serve.ts'
import { BARE_LANE, openTestLoop } from './test-loop.ts'

/** RunTest with nothing but the question to the version service and the work of the test, which goes on after the answer. */
export async function testRpcs(pool: Pool, env: Record<string, string>): Promise<BareRpc[]> {
  const getVersion = asker(VersionServiceService.getVersion, {
    service: 'version',
    target: env['PF_VERSION_SERVICE']!,
    certificates: env['PF_CERTIFICATES']!,
  })
  const { ask } = await openTestLoop(pool, env, BARE_LANE)
  return [
    bareRpc(Rpcs.runTest, async ({ promptId, which, values, maxTokens }, caller) => {
      if (which?.$case !== 'version') throw new Error('no version')
      const { version } = await getVersion({ promptId, version: which.value }, caller!.authorization)
      const text = render(version!, values)
      const { userId } = caller!
      return {
        test: toTest(await ask({ promptId, userId, version: which.value, text, values, maxTokens: maxTokens! })),
      }
    }),
  ]
}
