import { OTHER, type RestCase, type Scene } from './bad-input-cases.ts'

type Refusal = Pick<RestCase, 'status' | 'reason' | 'fields'>

const invalid = (...fields: string[]) => ({ status: 400, reason: 'VALIDATION_FAILED', fields })
const REJECTED = { status: 400, reason: 'REQUEST_REJECTED' }
const NOT_FOUND = { status: 404, reason: 'RESOURCE_NOT_FOUND' }
const BAD_TOKEN = { status: 400, reason: 'PAGE_TOKEN_INVALID', fields: ['page_token'] }
const UNSIGNED = { status: 401, reason: 'TOKEN_MISSING' }

const GOOD_KEY = { provider: 'sandbox', name: 'Mine', key: 'sk-0123456789' }
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

/** Ben stores a key. */
const store = (name: string, refusal: Refusal, body: object): RestCase => ({
  name: `provider key: ${name}`,
  request: ({ ben }) => ['POST /v1/provider-keys', { token: ben.token, body: { ...GOOD_KEY, ...body } }],
  ...refusal,
})

/** Ben asks for something else. */
const ask = (name: string, request: string, refusal: Refusal, body?: object): RestCase => ({
  name: `test: ${name}`,
  request: ({ ben }) => [request, { token: ben.token, body }],
  ...refusal,
})

const values = Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`v${n}`, '']))

/** The table over REST of tests, budgets and keys of providers. */
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
  run('a field that there is not', { status: 400, reason: 'UNKNOWN_FIELD' }, { apiKey: 'sk-0123456789' }),
  run('a key that there is not', NOT_FOUND, { keyId: OTHER }),
  run('a key whose id is none', invalid('key_id'), { keyId: 'one' }),
  run('a model without a price, and no key', invalid('allow_unpriced'), { allowUnpriced: true }),
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
  store('without anything', invalid('key', 'name', 'provider'), { provider: '', name: '', key: '' }),
  store('a provider that there is not', invalid('provider'), { provider: 'acme' }),
  store('a provider in capitals', invalid('provider'), { provider: 'Sandbox' }),
  store('a name of 101 characters', invalid('name'), { name: 'x'.repeat(101) }),
  store('a name with a line break', invalid('name'), { name: 'Mi\nne' }),
  store('of 7 characters', invalid('key'), { key: 'sk-4567' }),
  store('of 501 characters', invalid('key'), { key: 'x'.repeat(501) }),
  store('with white space around it', invalid('key'), { key: ' sk-0123456789\n' }),
  store('with a tab in it', invalid('key'), { key: 'sk-0123\t456789' }),
  store('that is not ASCII', invalid('key'), { key: 'sk-0123456789ä' }),
  store('that is a list', REJECTED, { key: ['sk-0123456789'] }),
  store('a request id that is none', invalid('request_id'), { requestId: 'one' }),
  ask('a provider key that there is not, to be revoked', `POST /v1/provider-keys/${OTHER}:revoke`, NOT_FOUND),
  ask('a provider key whose id is none, to be revoked', 'POST /v1/provider-keys/one:revoke', invalid('key_id')),
  ask('a page token of provider keys that is none', 'GET /v1/provider-keys?page_token=garbage', BAD_TOKEN),
  { name: 'provider key: without a token', request: () => ['GET /v1/provider-keys', {}], ...UNSIGNED },
  { name: 'test: without a token', request: () => ['GET /v1/tests', {}], ...UNSIGNED },
  { name: 'test: a budget without a token', request: () => ['GET /v1/budgets/me', {}], ...UNSIGNED },
]
