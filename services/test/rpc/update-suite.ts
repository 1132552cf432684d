import { isDeepStrictEqual } from 'node:util'
import { staleEtag } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { UpdateSuiteRequest } from '#contracts/gen/promptforge/test/v1/suite_service.ts'
import type { Deps } from '../context.ts'
import { SuiteCase } from '../db/suite.entity.ts'
import { suiteToChange } from '../db/suite-to-change.ts'
import { checkSuite } from './check-suite.ts'
import { getSuite } from './get-suite.ts'
import { storeCases, storedSettings } from './store-suite.ts'

export const updateSuite =
  ({ models, suites }: Pick<Deps, 'models' | 'suites'>) =>
  async (request: UpdateSuiteRequest, call: Call) => {
    const { suiteId, name, description } = request
    const before = (await getSuite({ suiteId }, call)).suite
    const settings = request.settings ?? before.settings!
    const cases = request.cases?.cases ?? before.cases
    if (request.settings || request.cases) await checkSuite({ models, ...suites }, settings, cases, call)
    await call.transaction(async (em, _emit, now) => {
      const suite = await suiteToChange(em, suiteId, call.caller.userId)
      const etag = String(suite.revision)
      // What was checked together must still be together.
      if ((request.etag ?? before.etag) !== etag) throw staleEtag(etag)
      const stored = storedSettings(settings)
      const hasNewCases = !isDeepStrictEqual(cases, before.cases)
      if (hasNewCases) {
        await em.nativeDelete(SuiteCase, { suite: suiteId })
        storeCases(em, suiteId, cases)
      }
      if (hasNewCases || !isDeepStrictEqual(stored, suite.settings)) suite.casesRevision += 1
      Object.assign(suite, { settings: stored, casesCount: cases.length, revision: suite.revision + 1, updatedAt: now })
      if (name !== undefined) suite.name = name
      if (description !== undefined) suite.description = description || null
    })
    return getSuite({ suiteId }, call)
  }
