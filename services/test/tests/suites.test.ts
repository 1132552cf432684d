import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import { v7 } from 'uuid'
import { rejection } from '#chassis/testing/rejection.ts'
import {
  CreateSuiteRequest,
  ImportSuiteRequest,
  ImportSuiteRequest_Format,
  SuiteServiceService,
} from '#contracts/gen/promptforge/test/v1/suite_service.ts'
import { RUNNER, startTestRunner, type TestRunner } from './harness.ts'

let runner: TestRunner
let suites: ReturnType<typeof stubOf>

const stubOf = (service: TestRunner) => service.stub(SuiteServiceService)

// No NATS: what is asked for stays PENDING.
beforeAll(async () => {
  runner = await startTestRunner()
  suites = stubOf(runner)
})
afterAll(() => runner.stop())

const CASE = { name: 'greets', assertions: [{ check: { $case: 'contains' as const, value: 'Hello' } }] }
const SETTINGS = { modelProvider: 'sandbox', modelName: 'echo' }

type More = object

async function newUser() {
  const token = await runner.identity.tokenFor({ ...RUNNER, userId: v7() })
  const promptId = runner.newPrompt('Hello')
  const create = async (more: More = {}) => {
    const request = { promptId, name: 'Greetings', settings: SETTINGS, cases: [CASE], ...more }
    return (await suites.createSuite(CreateSuiteRequest.fromPartial(request as object), { token })).suite!
  }
  const list = async (more: object = {}) =>
    suites.listSuites({ pageSize: 0, pageToken: '', promptId: undefined, ...more }, { token })
  return { token, promptId, create, list }
}

const update = (suiteId: string, token: string, more: object) =>
  suites.updateSuite(
    {
      suiteId,
      name: undefined,
      description: undefined,
      settings: undefined,
      cases: undefined,
      etag: undefined,
      ...more,
    },
    { token },
  )

/** Columns of which a replica of the release before knows nothing while an upgrade is under way. */
const UNKNOWN_BEFORE = ['kind', 'assertion_position', 'shows_to_first']

describe('while a replica of the release before runs, which does not say of which kind a test is', () => {
  test('it can store tests, and those of suites are cases', async () => {
    const { token, create } = await newUser()
    const { suiteId } = await create()
    const { run } = await suites.runSuite({ suiteId, which: undefined, requestId: undefined }, { token })
    const { testId } = await runner.run('Hello')
    const { query } = runner.database
    const known = await query<{ name: string }>(
      `select column_name as name from information_schema.columns
      where table_name = 'prompt_tests' and column_name not in ('id', 'repeat') and column_name <> all ($1)`,
      [UNKNOWN_BEFORE],
    )
    const columns = known.map(({ name }) => name).join(', ')
    await query(
      `insert into prompt_tests (id, repeat, ${columns})
      select uuidv7(), repeat + 1, ${columns} from prompt_tests where suite_run_id = $1 or id = $2`,
      [run!.runId, testId],
    )
    const kinds = `select kind, count(*)::integer from prompt_tests
      where suite_run_id = $1 or prompt_id = (select prompt_id from prompt_tests where id = $2) group by 1 order by 1`
    expect(await query(kinds, [run!.runId, testId])).toEqual([
      { kind: 'CASE', count: 2 },
      { kind: 'RUN', count: 2 },
    ])
  })
})

describe('a suite', () => {
  test('is read as it was made, with the defaults', async () => {
    const { token, promptId, create } = await newUser()
    const made = await create({
      description: 'What it must do',
      cases: [{ ...CASE, values: { name: 'Ann' }, weight: 2 }],
    })
    expect(made).toMatchObject({
      promptId,
      name: 'Greetings',
      description: 'What it must do',
      settings: { ...SETTINGS, repeats: 1, threshold: 1, temperature: undefined },
      cases: [{ name: 'greets', values: { name: 'Ann' }, optional: false, weight: 2, assertions: [{ negate: false }] }],
      casesCount: 1,
      revision: 1,
      etag: '1',
    })
    expect((await suites.getSuite({ suiteId: made.suiteId }, { token })).suite).toEqual(made)
  })

  test('is made once for a request_id', async () => {
    const { create, list } = await newUser()
    const requestId = randomUUID()
    const made = await Promise.all([1, 2, 3].map(() => create({ requestId })))
    expect(new Set(made.map(({ suiteId }) => suiteId)).size).toBe(1)
    expect((await list()).suites).toHaveLength(1)
  })

  test('needs a prompt that its maker may read', async () => {
    const { create } = await newUser()
    expect(await rejection(create({ promptId: v7() }))).toMatchObject({ code: status.NOT_FOUND })
  })

  test('with another name is of the same revision; with other cases or settings it is a new one', async () => {
    const { token, create } = await newUser()
    const { suiteId } = await create()
    const renamed = (await update(suiteId, token, { name: 'Other', description: 'x' })).suite!
    expect(renamed).toMatchObject({ name: 'Other', description: 'x', revision: 1, etag: '2', casesCount: 1 })
    const cases = [...renamed.cases, { ...renamed.cases[0]!, name: 'greets again' }]
    const longer = (await update(suiteId, token, { cases: { cases } })).suite!
    expect(longer).toMatchObject({ name: 'Other', revision: 2, etag: '3', casesCount: 2 })
    expect(longer.cases.map(({ name }) => name)).toEqual(['greets', 'greets again'])
    expect((await update(suiteId, token, { cases: { cases } })).suite).toMatchObject({ revision: 2, etag: '4' })
    const settings = { ...longer.settings!, repeats: 3 }
    expect((await update(suiteId, token, { settings })).suite).toMatchObject({ revision: 3, settings: { repeats: 3 } })
  })

  test('is changed only from what the caller read, when the caller says what that was', async () => {
    const { token, create } = await newUser()
    const { suiteId, etag } = await create()
    await update(suiteId, token, { name: 'First', etag })
    const error = await rejection(update(suiteId, token, { name: 'Second', etag }))
    expect(error).toMatchObject({ code: status.ABORTED, reason: 'ETAG_STALE', metadata: { etag: '2' } })
    expect((await suites.getSuite({ suiteId }, { token })).suite!.name).toBe('First')
  })

  test('does not exist for others, nor after it was deleted', async () => {
    const { token, create, list } = await newUser()
    const { suiteId } = await create()
    const other = await newUser()
    const asks = (by: string) => [
      () => suites.getSuite({ suiteId }, { token: by }),
      () => update(suiteId, by, { name: 'Mine' }),
      () => suites.runSuite({ suiteId, which: undefined, requestId: undefined }, { token: by }),
      () => suites.listSuiteRuns({ suiteId, pageSize: 0, pageToken: '' }, { token: by }),
      () => suites.deleteSuite({ suiteId }, { token: by }),
    ]
    for (const ask of asks(other.token)) expect(await rejection(ask())).toMatchObject({ code: status.NOT_FOUND })
    await suites.deleteSuite({ suiteId }, { token })
    for (const ask of asks(token)) expect(await rejection(ask())).toMatchObject({ code: status.NOT_FOUND })
    expect((await list()).suites).toEqual([])
  })

  test.each<[string, More, string[]]>([
    ['no name', { name: '' }, ['name']],
    ['no settings', { settings: undefined }, ['settings']],
    ['no cases', { cases: [] }, ['cases']],
    ['501 cases', { cases: Array.from({ length: 501 }, (_, n) => ({ ...CASE, name: `${n}` })) }, ['cases']],
    ['a case without assertions', { cases: [{ ...CASE, assertions: [] }] }, ['cases[0].assertions']],
    [
      '21 assertions',
      { cases: [{ ...CASE, assertions: Array(21).fill(CASE.assertions[0]) }] },
      ['cases[0].assertions'],
    ],
    ['an assertion of nothing', { cases: [{ ...CASE, assertions: [{}] }] }, ['cases[0].assertions[0].check']],
    ['a weight of 0', { cases: [{ ...CASE, weight: 0 }] }, ['cases[0].weight']],
    ['21 repeats', { settings: { ...SETTINGS, repeats: 21 } }, ['settings.repeats']],
    ['a threshold above 1', { settings: { ...SETTINGS, threshold: 1.1 } }, ['settings.threshold']],
    ['a threshold that is no number', { settings: { ...SETTINGS, threshold: Number.NaN } }, ['settings.threshold']],
    [
      'a model that there is not, a name twice, and an expression that cannot be read',
      {
        settings: { ...SETTINGS, modelName: 'gpt-0' },
        cases: [CASE, CASE, { name: 'x', assertions: [{ check: { $case: 'regex', value: '(' } }] }],
      },
      ['settings.model_name', 'cases[1].name', 'cases[2].assertions[0].regex'],
    ],
    [
      'more than 5,000 tests',
      {
        settings: { ...SETTINGS, repeats: 20 },
        cases: Array.from({ length: 251 }, (_, n) => ({ ...CASE, name: `${n}` })),
      },
      ['settings.repeats'],
    ],
    [
      'cases of more than 2 MiB',
      { cases: Array.from({ length: 110 }, (_, n) => ({ ...CASE, name: `${n}`, values: { a: 'x'.repeat(20_000) } })) },
      ['cases'],
    ],
  ])('with %s is refused', async (_, more, fields) => {
    const { create, list } = await newUser()
    const error = await rejection(create(more))
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT })
    expect(error.violations.map(({ field }) => field)).toEqual(fields)
    expect((await list()).suites).toEqual([])
  })
})

test('a list has the caller’s suites, newest first, page by page, and of one prompt', async () => {
  const { promptId, create, list } = await newUser()
  const made: string[] = []
  for (const name of ['a', 'b', 'c']) made.unshift((await create({ name })).suiteId)
  const first = await list({ pageSize: 2 })
  const second = await list({ pageToken: first.nextPageToken })
  expect([...first.suites, ...second.suites].map(({ suiteId }) => suiteId)).toEqual(made)
  expect(first.suites[0]).toMatchObject({ cases: [], casesCount: 1 })
  expect((await list({ promptId })).suites).toHaveLength(3)
  expect((await list({ promptId: v7() })).suites).toEqual([])
})

describe('a file', () => {
  const read = async (format: ImportSuiteRequest_Format, content: string, promptContent = 'Translate {{text}}') => {
    const token = await runner.identity.tokenFor({ ...RUNNER, userId: v7() })
    const request = { promptId: runner.newPrompt(promptContent), name: 'Imported', settings: SETTINGS, format, content }
    const list = () => suites.listSuites({ pageSize: 0, pageToken: '' }, { token })
    return { token, list, answer: suites.importSuite(ImportSuiteRequest.fromPartial(request as object), { token }) }
  }

  test('of promptfoo becomes a suite, without the values that only its assertions use', async () => {
    const content = `
defaultTest:
  assert:
    - type: latency
      threshold: 5000
tests:
  - description: says hello
    vars: { text: hello, expected: Hallo }
    assert:
      - type: icontains
        value: '{{expected}}'
      - type: not-regex
        value: '[0-9]+'
  - vars: { text: bye }
`
    const { answer } = await read(ImportSuiteRequest_Format.PROMPTFOO_YAML, content)
    expect((await answer).suite).toMatchObject({
      name: 'Imported',
      casesCount: 2,
      cases: [
        {
          name: 'says hello',
          values: { text: 'hello' },
          assertions: [
            { negate: false, check: { $case: 'latencyMs', value: 5000n } },
            { negate: false, check: { $case: 'icontains', value: 'Hallo' } },
            { negate: true, check: { $case: 'regex', value: '[0-9]+' } },
          ],
        },
        { name: 'case 2', values: { text: 'bye' } },
      ],
    })
  })

  test('that is CSV or our own JSON does too', async () => {
    const csv = await read(ImportSuiteRequest_Format.CSV, 'text,__expected\nhello,contains:Hallo\n')
    expect((await csv.answer).suite!.cases).toMatchObject([{ values: { text: 'hello' } }])
    const own = { cases: [{ name: 'a', values: { text: 'x' }, assertions: [{ regex: '^x' }] }] }
    const json = await read(ImportSuiteRequest_Format.JSON, JSON.stringify(own))
    expect((await json.answer).suite!.cases).toMatchObject([{ name: 'a', assertions: [{ check: { value: '^x' } }] }])
  })

  test.each([
    [
      'what is not supported, by its lines',
      'tests:\n  - assert:\n      - type: javascript\n        value: output\nproviders: [x]',
      ['line 3', 'line 5'],
    ],
    [
      'an expression that cannot be read, by its case',
      'tests:\n  - description: odd\n    assert:\n      - { type: regex, value: "(" }',
      ['case "odd", assertions[0].regex'],
    ],
    ['what is no YAML', 'tests: [', ['line 1']],
  ])('names %s, and nothing is made', async (_, content, beginnings) => {
    const { answer, list } = await read(ImportSuiteRequest_Format.PROMPTFOO_YAML, content)
    const error = await rejection(answer)
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT })
    expect(error.violations.map(({ field }) => field)).toEqual(beginnings.map(() => 'content'))
    for (const [index, beginning] of beginnings.entries())
      expect(error.violations[index]!.description).toMatch(new RegExp(`^${RegExp.escape(beginning)}`))
    expect((await list()).suites).toEqual([])
  })
})
