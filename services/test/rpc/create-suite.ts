import { idOfCreated } from '#chassis/db/idempotency.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { CreateSuiteRequest } from '#contracts/gen/promptforge/test/v1/suite_service.ts'
import type { Deps } from '../context.ts'
import { checkSuite } from './check-suite.ts'
import { getSuite } from './get-suite.ts'
import { checkKeys } from './judges.ts'
import { type NewSuite, storeSuite } from './store-suite.ts'

export const createSuite =
  ({ models, suites, remote }: Pick<Deps, 'models' | 'suites' | 'remote'>) =>
  async (request: CreateSuiteRequest, call: Call) => {
    const settings = request.settings!
    await remote.readableVersions(request.promptId, call.origin)
    await checkKeys(settings, request.cases, call)
    await checkSuite({ models, ...suites }, settings, request.cases, call)
    return storeOnce({ ...request, settings }, call)
  }

/** Stores a new suite of the caller's, once for each `request_id`. */
export async function storeOnce(
  { promptId, name, description, settings, cases }: Omit<NewSuite, 'id' | 'userId'>,
  call: Call,
) {
  const { userId } = call.caller
  const suiteId = await idOfCreated(call, async (id, em, _emit, now) =>
    storeSuite(em, now, { id, promptId, userId, name, description, settings, cases }),
  )
  return getSuite({ suiteId }, call)
}
