import { serve } from '#chassis/grpc/server.ts'
import { ComparisonServiceService } from '#contracts/gen/promptforge/test/v1/comparison_service.ts'
import { ProviderKeyServiceService } from '#contracts/gen/promptforge/test/v1/provider_key_service.ts'
import { TestServiceService } from '#contracts/gen/promptforge/test/v1/test_service.ts'
import type { Deps } from '../context.ts'
import { cancelTest } from './cancel-test.ts'
import { createComparison } from './create-comparison.ts'
import { createProviderKey } from './create-provider-key.ts'
import { deleteComparison } from './delete-comparison.ts'
import { getBudget } from './get-budget.ts'
import { getComparison } from './get-comparison.ts'
import { getTest } from './get-test.ts'
import { listComparisons } from './list-comparisons.ts'
import { listModels } from './list-models.ts'
import { listProviderKeys } from './list-provider-keys.ts'
import { listTests } from './list-tests.ts'
import { retryTest } from './retry-test.ts'
import { revokeProviderKey } from './revoke-provider-key.ts'
import { runTest } from './run-test.ts'
import { setBudget } from './set-budget.ts'
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
    getComparison,
    listComparisons: listComparisons(deps),
    deleteComparison,
  }),
  serve(ProviderKeyServiceService, {
    createProviderKey: createProviderKey(deps),
    listProviderKeys: listProviderKeys(deps),
    revokeProviderKey,
  }),
]
