import { OTHER, type RestCase, type Scene } from './bad-input-cases.ts'

type Refusal = Pick<RestCase, 'status' | 'reason' | 'fields'>

const invalid = (...fields: string[]) => ({ status: 400, reason: 'VALIDATION_FAILED', fields })
const REJECTED = { status: 400, reason: 'REQUEST_REJECTED' }
const NOT_FOUND = { status: 404, reason: 'RESOURCE_NOT_FOUND' }
const BAD_TOKEN = { status: 400, reason: 'PAGE_TOKEN_INVALID', fields: ['page_token'] }
const UNSIGNED = { status: 401, reason: 'TOKEN_MISSING' }

const GOOD = { modelProvider: 'sandbox', modelName: 'echo' }

/** Ben runs a prompt of Ann's. */
const run = (
  name: string,
  refusal: Refusal,
  body: object,
  whose: (scene: Scene) => string = ({ prompts }) => prompts.public,
): RestCase => ({
  name: `test: ${name}`,
  request: (scene) => [
    `POST /v1/prompts/${whose(scene)}/tests`,
    { token: scene.ben.token, body: { ...GOOD, ...body } },
  ],
  ...refusal,
})

/** Ben asks for something else. */
const ask = (name: string, request: string, refusal: Refusal, body?: object): RestCase => ({
  name: `test: ${name}`,
  request: ({ ben }) => [request, { token: ben.token, body }],
  ...refusal,
})

const values = Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`v${n}`, '']))

/** The table over REST of tests and budgets. */
export const RUN_CASES: RestCase[] = [
  run('without a model', invalid('model_name', 'model_provider'), { modelProvider: '', modelName: '' }),
  run('a provider that there is not', invalid('model_name'), { modelProvider: 'acme' }),
  run('a model that there is not', invalid('model_name'), { modelName: 'gpt-0' }),
  run('a provider in capitals', invalid('model_provider'), { modelProvider: 'Sandbox' }),
  run('a model with a line break', invalid('model_name'), { modelName: 'ec\nho' }),
  run('a model of 51 characters', invalid('model_name'), { modelName: `slow-${'1'.repeat(46)}` }),
  run('a temperature below 0', invalid('temperature'), { temperature: -0.1 }),
  run('a temperature above 2', invalid('temperature'), { temperature: 2.01 }),
  run('a temperature that is no number', invalid('temperature'), { temperature: 'NaN' }),
  run('an infinite temperature', invalid('temperature'), { temperature: 'Infinity' }),
  run('a temperature in words', REJECTED, { temperature: 'hot' }),
  run('no tokens', invalid('max_tokens'), { maxTokens: 0 }),
  run('fewer than none', invalid('max_tokens'), { maxTokens: -1 }),
  run('more tokens than the model has', invalid('max_tokens'), { maxTokens: 4097 }),
  run('more tokens than a number has', REJECTED, { maxTokens: 2 ** 31 }),
  run('version 0', invalid('version'), { version: 0 }),
  run('a version that is not there', NOT_FOUND, { version: 99 }),
  run('a label that is not there', NOT_FOUND, { label: 'production' }),
  run('a label that is a version', invalid('label'), { label: '1' }),
  run('a version and a label', REJECTED, { version: 1, label: 'latest' }),
  run('a value of nothing in the prompt', invalid('values["nothing"]'), { values: { nothing: 'x' } }),
  run('a name of a value that is none', invalid('values["a b"]'), { values: { 'a b': 'x' } }),
  run('101 values', invalid('values'), { values }),
  run('a value of 20,001 characters', invalid('values["a"]'), { values: { a: 'x'.repeat(20_001) } }),
  run('a request id that is none', invalid('request_id'), { requestId: 'one' }),
  run('a field that there is not', { status: 400, reason: 'UNKNOWN_FIELD' }, { keyId: OTHER }),
  run('a private prompt', NOT_FOUND, {}, ({ prompts }) => prompts.private),
  run('a prompt that there is not', NOT_FOUND, {}, () => OTHER),
  run('a prompt whose id is none', invalid('prompt_id'), {}, () => 'one'),
  ask('one that there is not', `GET /v1/tests/${OTHER}`, NOT_FOUND),
  ask('one that there is not, to be cancelled', `POST /v1/tests/${OTHER}:cancel`, NOT_FOUND, {}),
  ask('one that there is not, to be repeated', `POST /v1/tests/${OTHER}:retry`, NOT_FOUND, {}),
  ask('an id that is none', 'GET /v1/tests/one', invalid('test_id')),
  ask('a negative page size', 'GET /v1/tests?page_size=-1', invalid('page_size')),
  ask('a page token that is none', 'GET /v1/tests?page_token=garbage', BAD_TOKEN),
  ask('a status that there is not', 'GET /v1/tests?status=DONE', REJECTED),
  ask('no status', 'GET /v1/tests?status=STATUS_UNSPECIFIED', invalid('status')),
  ask('a budget below 0', 'PUT /v1/budgets/me', invalid('daily_limit_micros'), { dailyLimitMicros: '-1' }),
  ask('a budget above the operator’s', 'PUT /v1/budgets/me', invalid('daily_limit_micros'), {
    dailyLimitMicros: '10000001',
  }),
  ask('a budget in words', 'PUT /v1/budgets/me', REJECTED, { dailyLimitMicros: 'much' }),
  { name: 'test: without a token', request: () => ['GET /v1/tests', {}], ...UNSIGNED },
  { name: 'test: a budget without a token', request: () => ['GET /v1/budgets/me', {}], ...UNSIGNED },
]
