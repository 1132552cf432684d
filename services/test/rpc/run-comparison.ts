import { idOfCreated } from '#chassis/db/idempotency.ts'
import { invalid } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { ModelChoice, RunComparisonRequest } from '#contracts/gen/promptforge/test/v1/comparison_service.ts'
import type { Version } from '#contracts/gen/promptforge/version/v1/version.ts'
import type { Deps } from '../context.ts'
import { everyOf } from './every-of.ts'
import { getComparison } from './get-comparison.ts'
import { ownKey } from './own-key.ts'
import { storeComparison } from './store-comparison.ts'
import { chooseModel, readVersion, textToRun } from './what-to-run.ts'

/** How many tests a comparison has. */
const LEAST_TESTS = 2
const MOST_TESTS = 50

export const runComparison =
  ({ models, admission, remote }: Pick<Deps, 'models' | 'admission' | 'remote'>) =>
  async (request: RunComparisonRequest, call: Call) => {
    const { promptId, name, notes, values } = request
    const { userId } = call.caller
    const repeats = request.repeats || 1
    checkCount(request, repeats)
    const chosen = everyOf(
      request.models,
      (choice: ModelChoice) => chooseModel(models, choice),
      (index) => `models[${index}].`,
    )
    const keyIds = await Promise.all(request.models.map((choice) => ownKey(choice, call)))
    const versions = await readVersions(remote, request, call)
    const texts = everyOf(versions, (version) => textToRun(version, values))
    const tests = texts.flatMap((text) =>
      chosen.flatMap((model, choice) =>
        Array.from({ length: repeats }, () => ({ ...text, ...model, keyId: keyIds[choice]! })),
      ),
    )
    const admit = await admission.tests(tests)
    const comparisonId = await idOfCreated(call, async (id, em, emit, now) => {
      const testIds = await admit({ em, emit, now, userId })
      storeComparison(em, emit, now, { id, name, promptId, userId, notes, testIds })
    })
    return getComparison({ comparisonId }, call)
  }

function checkCount({ versions, models }: RunComparisonRequest, repeats: number) {
  const count = (versions.length || 1) * models.length * repeats
  if (count >= LEAST_TESTS && count <= MOST_TESTS) return
  const description = `versions, models and repeats make ${count} tests: they must be ${LEAST_TESTS} to ${MOST_TESTS}`
  throw invalid([{ field: 'repeats', description }])
}

async function readVersions(remote: Deps['remote'], { promptId, versions }: RunComparisonRequest, call: Call) {
  if (versions.length === 0) return [await readVersion(remote, { promptId, which: undefined }, call)]
  const read = (value: number) => readVersion(remote, { promptId, which: { $case: 'version', value } }, call)
  const found: Version[] = []
  for (const version of versions) found.push(await read(version))
  return found
}
