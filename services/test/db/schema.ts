import type { Schema } from '#chassis/db/orm.ts'
import { Budget, Spend } from './budget.entity.ts'
import { ComparisonTestId, TestComparison } from './comparison.entity.ts'
import { migrations } from './migrations/index.ts'
import { ModelPrice } from './model-price.entity.ts'
import { PromptTest } from './prompt-test.entity.ts'
import { ProviderKey } from './provider-key.entity.ts'
import { ProviderThrottle } from './provider-throttle.entity.ts'
import { Suite, SuiteCase, SuiteRun, SuiteRunCase } from './suite.entity.ts'

/** What this service stores. */
export const schema = {
  entities: [
    PromptTest,
    ModelPrice,
    TestComparison,
    ComparisonTestId,
    Budget,
    Spend,
    Suite,
    SuiteCase,
    SuiteRun,
    SuiteRunCase,
    ProviderKey,
    ProviderThrottle,
  ],
  tables: ['idempotency_keys', 'outbox'],
  migrations,
} satisfies Schema
