import { serve } from '#chassis/grpc/server.ts'
import { ComparisonServiceService } from '#contracts/gen/promptforge/test/v1/comparison_service.ts'
import { SuiteServiceService } from '#contracts/gen/promptforge/test/v1/suite_service.ts'
import { TestInternalServiceService } from '#contracts/gen/promptforge/test/v1/test_internal_service.ts'
import { ProviderKeyServiceService } from '#contracts/gen/promptforge/test/v1/provider_key_service.ts'
import { TestServiceService } from '#contracts/gen/promptforge/test/v1/test_service.ts'
import type { Deps } from '../context.ts'
import { cancelJudging } from './cancel-judging.ts'
import { cancelSuiteRun } from './cancel-suite-run.ts'
import { cancelTest } from './cancel-test.ts'
import { checkGate } from './check-gate.ts'
import { compareSuiteRuns } from './compare-suite-runs.ts'
import { createComparison } from './create-comparison.ts'
import { createSuite } from './create-suite.ts'
import { createProviderKey } from './create-provider-key.ts'
import { deleteComparison } from './delete-comparison.ts'
import { deleteSuite } from './delete-suite.ts'
import { getBudget } from './get-budget.ts'
import { getComparison } from './get-comparison.ts'
import { getSample } from './get-sample.ts'
import { getSuiteRun } from './get-suite-run.ts'
import { getSuite } from './get-suite.ts'
import { getTest } from './get-test.ts'
import { importSuite } from './import-suite.ts'
import { judgeSuiteRuns } from './judge-suite-runs.ts'
import { listComparisons } from './list-comparisons.ts'
import { listModels } from './list-models.ts'
import { listSuiteRuns } from './list-suite-runs.ts'
import { listSuites } from './list-suites.ts'
import { listTests } from './list-tests.ts'
import { retryTest } from './retry-test.ts'
import { runComparison } from './run-comparison.ts'
import { runSuite } from './run-suite.ts'
import { listProviderKeys } from './list-provider-keys.ts'
import { revokeProviderKey } from './revoke-provider-key.ts'
import { runTest } from './run-test.ts'
import { setBudget } from './set-budget.ts'
import { updateSuite } from './update-suite.ts'
import { watchTest } from './watch-test.ts'

/** The table: a handler for each RPC. */
export const services = (deps: Deps) => [
  serve(TestServiceService, {
    runTest: runTest(deps),
    getTest: getTest(deps),
    listTests: listTests(deps),
    watchTest: watchTest(deps),
    cancelTest: cancelTest(deps),
    retryTest: retryTest(deps),
    listModels: listModels(deps),
    getBudget: getBudget(deps),
    setBudget: setBudget(deps),
  }),
  serve(ComparisonServiceService, {
    createComparison,
    runComparison: runComparison(deps),
    getComparison,
    listComparisons: listComparisons(deps),
    deleteComparison,
  }),
  serve(SuiteServiceService, {
    createSuite: createSuite(deps),
    importSuite: importSuite(deps),
    getSuite,
    listSuites: listSuites(deps),
    updateSuite: updateSuite(deps),
    deleteSuite,
    runSuite: runSuite(deps),
    getSuiteRun: getSuiteRun(deps),
    listSuiteRuns: listSuiteRuns(deps),
    cancelSuiteRun: cancelSuiteRun(deps),
    compareSuiteRuns: compareSuiteRuns(deps),
    judgeSuiteRuns: judgeSuiteRuns(deps),
    cancelJudging: cancelJudging(deps),
  }),
  serve(TestInternalServiceService, { checkGate, getSample: getSample(deps) }),
  serve(ProviderKeyServiceService, {
    createProviderKey: createProviderKey(deps),
    listProviderKeys: listProviderKeys(deps),
    revokeProviderKey,
  }),
]
