import type { ComparisonServiceService } from '#contracts/gen/promptforge/test/v1/comparison_service.ts'
import type { ProviderKeyServiceService } from '#contracts/gen/promptforge/test/v1/provider_key_service.ts'
import type { TestInternalServiceService } from '#contracts/gen/promptforge/test/v1/test_internal_service.ts'
import { RunTestRequest, type TestServiceService } from '#contracts/gen/promptforge/test/v1/test_service.ts'
import { type Cell, FIRST, type TableOf } from './row.ts'
import { MODEL, VALUES } from './runs-scene.ts'

const RUN = ['TESTS_RUN'] as const
/** To run a version is to read it. */
const RUN_AND_READ = ['TESTS_RUN', 'PROMPTS_READ'] as const

/** Who runs version 1: who reads it, and is signed in. */
export const RUNNABLE = {
  public: 't++++++',
  private: 't-++--+',
  draft: 't-++--+',
  archived: 't++++++',
  deleted: 't--+---',
}

/** The owner's own tests, comparisons and suites are seen by nobody else. */
export const OWN = 't-+---+'
/** Everybody has a list of their own. */
export const OWN_LIST = 'to+ooo+'

const test = ({ scene }: Cell) => ({ testId: scene.runs.tests[0] })

export const TESTS: TableOf<typeof TestServiceService> = {
  runTest: {
    scopes: RUN_AND_READ,
    request: ({ prompt }) =>
      RunTestRequest.fromPartial({
        promptId: prompt.id,
        which: { $case: 'version', value: 1 },
        values: VALUES,
        ...MODEL,
        maxTokens: 1,
      }),
    answers: RUNNABLE,
  },
  getTest: {
    scopes: RUN,
    request: test,
    shows: (answer) => answer.test!.response !== '',
    answers: OWN,
  },
  listTests: {
    scopes: RUN,
    request: ({ scene }) => ({ ...FIRST, promptId: scene.prompts.private.id }),
    shows: ({ tests }, { scene }) => tests.some(({ testId }) => testId === scene.runs.tests[0]),
    answers: OWN_LIST,
  },
  watchTest: { scopes: RUN, request: (cell) => ({ ...test(cell), after: '' }), answers: OWN },
  cancelTest: { scopes: RUN, request: test, answers: OWN },
  retryTest: { scopes: RUN, request: test, answers: OWN },
  listModels: { scopes: RUN, request: () => ({}), answers: '+++++++' },
  getBudget: { scopes: RUN, request: () => ({}), answers: 't++++++' },
  setBudget: { request: () => ({ dailyLimitMicros: 1_000_000n }), answers: 't+++++x' },
}

export const COMPARISONS: TableOf<typeof ComparisonServiceService> = {
  createComparison: {
    scopes: RUN,
    request: ({ scene: { runs, prompts } }) => ({
      name: 'Both',
      promptId: prompts.private.id,
      testIds: runs.tests,
      notes: '',
    }),
    answers: 'tT+TTT+',
    refusals: { T: ['INVALID_ARGUMENT', 'VALIDATION_FAILED'] },
  },
  runComparison: {
    scopes: RUN_AND_READ,
    request: ({ prompt }) => ({
      promptId: prompt.id,
      name: 'Twice',
      notes: '',
      versions: [1],
      models: [{ ...MODEL, maxTokens: 1 }],
      repeats: 2,
      values: VALUES,
    }),
    answers: RUNNABLE,
  },
  getComparison: {
    scopes: RUN,
    request: ({ scene }) => ({ comparisonId: scene.runs.comparisonId }),
    answers: OWN,
  },
  listComparisons: {
    scopes: RUN,
    request: () => FIRST,
    shows: ({ comparisons }, { scene }) => comparisons.some(({ userId }) => userId === scene.people.owner.id),
    answers: OWN_LIST,
  },
  deleteComparison: {
    scopes: RUN,
    request: async ({ scene, isAnswered }) => ({
      comparisonId: isAnswered ? await scene.make.comparison() : scene.runs.comparisonId,
    }),
    answers: OWN,
  },
}

// No API key changes or sees keys of providers.
export const PROVIDER_KEYS: TableOf<typeof ProviderKeyServiceService> = {
  createProviderKey: {
    request: () => ({ provider: 'sandbox', name: 'mine', key: 'sk-0123456789' }),
    answers: 't+++++x',
  },
  listProviderKeys: {
    request: () => FIRST,
    shows: ({ providerKeys }, { scene }) => providerKeys.some(({ keyId }) => keyId === scene.runs.providerKeyId),
    answers: 'to+ooox',
  },
  revokeProviderKey: { request: ({ scene }) => ({ keyId: scene.runs.revokedKeyId }), answers: 't-+---x' },
}

// For the user of the token, whose suite and test they must be.
export const TEST_INTERNALS: TableOf<typeof TestInternalServiceService> = {
  checkGate: {
    services: ['version'],
    request: ({ scene: { prompts, runs } }) => ({
      promptId: prompts.private.id,
      suiteId: runs.suiteId,
      contentHash: '0'.repeat(64),
    }),
    shows: ({ suiteExists }) => suiteExists,
    answers: 'to+ooo+',
  },
  getSample: {
    services: ['marketplace'],
    request: test,
    shows: ({ sample }) => sample!.response !== '',
    answers: OWN,
  },
}
