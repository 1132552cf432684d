import { createInTransaction } from '#chassis/db/idempotency.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { newId } from '#chassis/ids.ts'
import type { CreateSuiteRequest } from '#contracts/gen/promptforge/test/v1/suite_service.ts'
import type { Deps } from '../context.ts'
import { checkSuite } from './check-suite.ts'
import { getSuite } from './get-suite.ts'
import { storeSuite } from './store-suite.ts'

export const createSuite =
  ({ models, worker: { asserter }, remote }: Pick<Deps, 'models' | 'worker' | 'remote'>) =>
  async (request: CreateSuiteRequest, call: Call) => {
    const { promptId, name, description, cases } = request
    const settings = request.settings!
    await remote.readableVersions(promptId, call.origin)
    await checkSuite({ models, asserter }, settings, cases)
    const id = newId()
    const suite = { id, promptId, userId: call.caller.userId, name, description, settings, cases }
    const suiteId = await createInTransaction(
      call,
      id,
      async (em, _emit, now) => {
        storeSuite(em, now, suite)
        return id
      },
      async (earlierId) => earlierId,
    )
    return getSuite({ suiteId }, call)
  }
