import { OTHER, type RestCase, type Scene } from './bad-input-cases.ts'

type Refusal = Pick<RestCase, 'status' | 'reason' | 'fields'>

const invalid = (...fields: string[]) => ({ status: 400, reason: 'VALIDATION_FAILED', fields })
const REJECTED = { status: 400, reason: 'REQUEST_REJECTED' }
const NOT_FOUND = { status: 404, reason: 'RESOURCE_NOT_FOUND' }
const BAD_TOKEN = { status: 400, reason: 'PAGE_TOKEN_INVALID', fields: ['page_token'] }
const UNSIGNED = { status: 401, reason: 'TOKEN_MISSING' }

const SETTINGS = { modelProvider: 'sandbox', modelName: 'echo' }
const CASE = { name: 'a', assertions: [{ contains: 'a' }] }

/** Ben makes a suite for a prompt of Ann's. */
const make = (
  name: string,
  refusal: Refusal,
  body: object,
  whose: (scene: Scene) => string = ({ prompts }) => prompts.public,
): RestCase => ({
  name: `suite: ${name}`,
  request: (scene) => [
    'POST /v1/suites',
    { token: scene.ben.token, body: { promptId: whose(scene), name: 'S', settings: SETTINGS, cases: [CASE], ...body } },
  ],
  ...refusal,
})

const asserting = (assertion: object) => ({ cases: [{ name: 'a', assertions: [assertion] }] })

/** Ben imports a file. */
const read = (name: string, refusal: Refusal, body: object): RestCase => ({
  name: `suite of a file: ${name}`,
  request: ({ ben, prompts }) => [
    'POST /v1/suites:import',
    { token: ben.token, body: { promptId: prompts.public, name: 'S', settings: SETTINGS, ...body } },
  ],
  ...refusal,
})

/** Ben asks for something else. */
const ask = (name: string, request: string, refusal: Refusal, body?: object): RestCase => ({
  name: `suite: ${name}`,
  request: ({ ben }) => [request, { token: ben.token, body }],
  ...refusal,
})

const COMPARING = `GET /v1/suite-runs:compare?from_run_id=${OTHER}&to_run_id=${OTHER}`
const JUDGING = { fromRunId: OTHER, toRunId: OTHER, settings: { rubric: 'Which is better?' } }

const nested = (levels: number) => '{"not":'.repeat(levels) + '{}' + '}'.repeat(levels)
const at = (field: string) => `cases[0].assertions[0].${field}`

/** The table over REST of suites, their runs, comparisons that run, and gates. */
export const SUITE_CASES: RestCase[] = [
  make('without a name', invalid('name'), { name: '' }),
  make('without settings', invalid('settings'), { settings: null }),
  make('without a model', invalid('settings.model_name', 'settings.model_provider'), { settings: {} }),
  make('without cases', invalid('cases'), { cases: [] }),
  make('a private prompt', NOT_FOUND, {}, ({ prompts }) => prompts.private),
  make('a prompt that there is not', NOT_FOUND, {}, () => OTHER),
  make('a case without a name', invalid('cases[0].name'), { cases: [{ ...CASE, name: '' }] }),
  make('a case with a line break in its name', invalid('cases[0].name'), { cases: [{ ...CASE, name: 'a\nb' }] }),
  make('a case that asserts nothing', invalid('cases[0].assertions'), { cases: [{ name: 'a' }] }),
  make('a value named __proto__', invalid('cases[0].values["__proto__"]'), {
    cases: [{ ...CASE, values: JSON.parse('{"__proto__": "x"}') }],
  }),
  make('two checks in one assertion', REJECTED, asserting({ contains: 'a', equals: 'b' })),
  make('a check that there is not', { status: 400, reason: 'UNKNOWN_FIELD' }, asserting({ javascript: 'output' })),
  make('an expression that RE2 does not read', invalid(at('regex')), asserting({ regex: '(?=a)' })),
  make('an expression of 1,001 characters', invalid(at('regex')), asserting({ regex: 'a'.repeat(1001) })),
  make('a schema that is no JSON', invalid(at('is_json.schema')), asserting({ isJson: { schema: '{' } })),
  make(
    'a schema with uniqueItems',
    invalid(at('is_json.schema')),
    asserting({ isJson: { schema: '{"uniqueItems": true}' } }),
  ),
  make('a schema that is too deep', invalid(at('is_json.schema')), asserting({ isJson: { schema: nested(40) } })),
  make(
    'a schema elsewhere',
    invalid(at('is_json.schema')),
    asserting({ isJson: { schema: '{"$ref": "http://127.0.0.1/"}' } }),
  ),
  make('a path that is none', invalid(at('json_path.path')), asserting({ jsonPath: { path: '$..a' } })),
  make(
    'a value that is no JSON',
    invalid(at('json_path.equals')),
    asserting({ jsonPath: { path: '$.a', equals: 'a' } }),
  ),
  make('a length from 2 to 1', invalid(at('length.max')), asserting({ length: { min: 2, max: 1 } })),
  make('a finish reason that there is not', invalid(at('finish_reason')), asserting({ finishReason: 'tired' })),
  make('a threshold that is no number', invalid('settings.threshold'), { settings: { ...SETTINGS, threshold: 'NaN' } }),
  make('a weight below 0', invalid('cases[0].weight'), { cases: [{ ...CASE, weight: -1 }] }),
  make('a negative number of repeats', invalid('settings.repeats'), { settings: { ...SETTINGS, repeats: -1 } }),
  read('without a format', invalid('format'), { content: 'tests: []' }),
  read('a format that there is not', REJECTED, { format: 'XML', content: '<a/>' }),
  read('without content', invalid('content'), { format: 'CSV', content: '' }),
  read('an alias bomb', invalid('content'), {
    format: 'PROMPTFOO_YAML',
    content: `a: &a [x]\n${Array.from({ length: 60 }, (_, n) => `b${n}: *a`).join('\n')}`,
  }),
  read('that is nested deeply', invalid('content'), { format: 'PROMPTFOO_YAML', content: '['.repeat(10_000) }),
  ask('one that there is not', `GET /v1/suites/${OTHER}`, NOT_FOUND),
  ask('one that there is not, to be run', `POST /v1/suites/${OTHER}:run`, NOT_FOUND, {}),
  ask('one that there is not, to be changed', `PATCH /v1/suites/${OTHER}`, NOT_FOUND, { name: 'x' }),
  ask('one that there is not, to be deleted', `DELETE /v1/suites/${OTHER}`, NOT_FOUND),
  ask('runs of one that there is not', `GET /v1/suites/${OTHER}/runs`, NOT_FOUND),
  ask('a run that there is not', `GET /v1/suite-runs/${OTHER}`, NOT_FOUND),
  ask('a run that there is not, to be cancelled', `POST /v1/suite-runs/${OTHER}:cancel`, NOT_FOUND, {}),
  ask('runs that there are not, to be compared', COMPARING, NOT_FOUND),
  ask('runs without ids, to be compared', 'GET /v1/suite-runs:compare', invalid('from_run_id', 'to_run_id')),
  ask('runs that there are not, to be judged', 'POST /v1/suite-runs:judge', NOT_FOUND, JUDGING),
  ask('a judging of runs that there are not', `${COMPARING}&judging_id=${OTHER}`, NOT_FOUND),
  ask('a judging that is none', `${COMPARING}&judging_id=one`, invalid('judging_id')),
  ask('a judging that there is not, to be cancelled', `POST /v1/suite-judgings/${OTHER}:cancel`, NOT_FOUND, {}),
  ask(
    'runs without ids, to be judged by nothing',
    'POST /v1/suite-runs:judge',
    invalid('from_run_id', 'settings', 'to_run_id'),
    {},
  ),
  ask(
    'runs to be judged without a rubric, by no model',
    'POST /v1/suite-runs:judge',
    invalid('settings.judge.model_name', 'settings.judge.model_provider', 'settings.rubric'),
    { ...JUDGING, settings: { judge: {} } },
  ),
  ask('runs to be judged by a rubric of 20,001 characters', 'POST /v1/suite-runs:judge', invalid('settings.rubric'), {
    ...JUDGING,
    settings: { rubric: 'a'.repeat(20_001) },
  }),
  ask('an id that is none', 'GET /v1/suites/one', invalid('suite_id')),
  ask('a page token that is none', 'GET /v1/suites?page_token=garbage', BAD_TOKEN),
  ask('a negative page size', 'GET /v1/suites?page_size=-1', invalid('page_size')),
  { name: 'suite: without a token', request: () => ['GET /v1/suites', {}], ...UNSIGNED },
]
