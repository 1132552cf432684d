import type { Step } from './step.ts'

const PROMPT = { prompt_id: '$prompt' }
const ECHO = { modelProvider: 'sandbox', modelName: 'echo' }
const VALUES = { values: { commits: 'fix: a typo' } }
const NOT_ENDED = ['PENDING', 'RUNNING']
const SUITE = { suite_id: '$suite' }

/** Lena runs versions against models, one by one and in suites. */
export const TESTS: Step[] = [
  { call: 'listModels' },
  { call: 'getBudget', as: 'lena' },
  { call: 'setBudget', as: 'lena', body: { dailyLimitMicros: '900000' } },
  { call: 'runTest', as: 'lena', path: PROMPT, body: { ...ECHO, ...VALUES }, keep: { test: 'test.testId' } },
  { call: 'getTest', as: 'lena', path: { test_id: '$test' }, until: { place: 'test.status', not: NOT_ENDED } },
  { call: 'watchTest', as: 'lena', path: { test_id: '$test' } },
  {
    call: 'runTest',
    name: 'of-a-version',
    as: 'lena',
    path: PROMPT,
    body: { version: 1, modelProvider: 'sandbox', modelName: 'slow-60000', ...VALUES },
    keep: { slow: 'test.testId' },
  },
  {
    call: 'getTest',
    name: 'running',
    as: 'lena',
    path: { test_id: '$slow' },
    until: { place: 'test.status', not: ['PENDING'] },
  },
  {
    call: 'cancelTest',
    as: 'lena',
    path: { test_id: '$slow' },
    body: {},
    // It may have ended when it is read for the answer.
    varying: ['test.completedAt', 'test.responseTimeMs'],
  },
  {
    call: 'getTest',
    name: 'cancelled',
    as: 'lena',
    path: { test_id: '$slow' },
    until: { place: 'test.status', not: NOT_ENDED },
  },
  { call: 'retryTest', as: 'lena', path: { test_id: '$test' }, body: {}, keep: { retried: 'test.testId' } },
  {
    call: 'getTest',
    name: 'retried',
    as: 'lena',
    path: { test_id: '$retried' },
    until: { place: 'test.status', not: NOT_ENDED },
  },
  { call: 'listTests', as: 'lena', query: { prompt_id: '$prompt', page_size: 1 } },
  {
    call: 'createComparison',
    as: 'lena',
    body: { name: 'Echo and slow', promptId: '$prompt', testIds: ['$test', '$slow'] },
    keep: { comparison: 'comparison.comparisonId' },
  },
  {
    call: 'runComparison',
    as: 'lena',
    path: PROMPT,
    body: { name: 'Both versions', versions: [1, 2], models: [ECHO], ...VALUES },
  },
  { call: 'getComparison', as: 'lena', path: { comparison_id: '$comparison' } },
  { call: 'listComparisons', as: 'lena', query: { page_size: 1 } },
  { call: 'deleteComparison', as: 'lena', path: { comparison_id: '$comparison' } },
  {
    call: 'createProviderKey',
    as: 'lena',
    body: { provider: 'sandbox', name: 'my key', key: 'sk-example-0123456789' },
    keep: { providerKey: 'providerKey.keyId' },
  },
  { call: 'listProviderKeys', as: 'lena' },
  { call: 'revokeProviderKey', as: 'lena', path: { key_id: '$providerKey' } },
  {
    call: 'createSuite',
    as: 'lena',
    body: {
      promptId: '$prompt',
      name: 'Release notes',
      settings: ECHO,
      cases: [{ name: 'newest first', ...VALUES, assertions: [{ contains: 'release notes' }, { regex: 'fix: .+' }] }],
    },
    keep: { suite: 'suite.suiteId' },
  },
  {
    call: 'importSuite',
    as: 'lena',
    body: {
      promptId: '$prompt',
      name: 'From a table',
      settings: ECHO,
      format: 'CSV',
      content: 'commits,__expected\nfix: a typo,contains:typo\n',
    },
    keep: { imported: 'suite.suiteId' },
  },
  { call: 'getSuite', as: 'lena', path: SUITE },
  { call: 'listSuites', as: 'lena', query: { prompt_id: '$prompt' } },
  { call: 'updateSuite', as: 'lena', path: SUITE, body: { description: 'What every release needs.' } },
  { call: 'runSuite', as: 'lena', path: SUITE, body: { version: 1 }, keep: { firstRun: 'run.runId' } },
  { call: 'runSuite', name: 'newest', as: 'lena', path: SUITE, body: { version: 2 }, keep: { run: 'run.runId' } },
  {
    call: 'getSuiteRun',
    name: 'first',
    as: 'lena',
    path: { run_id: '$firstRun' },
    until: { place: 'run.status', not: NOT_ENDED },
  },
  { call: 'getSuiteRun', as: 'lena', path: { run_id: '$run' }, until: { place: 'run.status', not: NOT_ENDED } },
  { call: 'listSuiteRuns', as: 'lena', path: SUITE, query: { page_size: 1 } },
  { call: 'cancelSuiteRun', as: 'lena', path: { run_id: '$run' }, body: {} },
  {
    call: 'judgeSuiteRuns',
    as: 'lena',
    body: {
      fromRunId: '$firstRun',
      toRunId: '$run',
      settings: { rubric: 'It asks for the "newest first".', judge: { modelProvider: 'sandbox', modelName: 'judge' } },
    },
    keep: { judging: 'judging.judgingId' },
  },
  {
    call: 'compareSuiteRuns',
    as: 'lena',
    query: { from_run_id: '$firstRun', to_run_id: '$run' },
    until: { place: 'comparison.judging.status', not: ['RUNNING'] },
  },
  { call: 'cancelJudging', as: 'lena', path: { judging_id: '$judging' }, body: {} },
  { call: 'deleteSuite', as: 'lena', path: { suite_id: '$imported' } },
]
