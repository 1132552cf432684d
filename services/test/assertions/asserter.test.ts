import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { capturedLog, type LogRecord } from '#chassis/testing/captured-log.ts'
import { AssertionResult_Outcome as Outcome } from '#contracts/gen/promptforge/test/v1/assertion.ts'
import { type Asserter, createAsserter } from './asserter.ts'
import type { Check } from './check.ts'

let records: LogRecord[]
/** As the product makes it, and one with so much time that on no machine it is over. */
let strict: Asserter
let asserter: Asserter
beforeEach(() => {
  const captured = capturedLog()
  records = captured.records
  strict = createAsserter(captured.log)
  asserter = createAsserter(captured.log, { limitMs: 60_000 })
})
afterEach(async () => {
  await strict[Symbol.asyncDispose]()
  await asserter[Symbol.asyncDispose]()
})

const OK = { outcome: Outcome.PASS, reason: '' }
const LATE = { outcome: Outcome.ERROR, reason: 'could not be checked within 250 ms' }

const evaluate = (checks: Check[], text: string, negate = false, by = asserter) => {
  const answer = { text, latencyMs: 1, costMicros: 1n, finishReason: 'stop' }
  return by.evaluate(
    checks.map((check) => ({ check, negate })),
    answer,
  )
}
const one = async (check: Check, text: string, negate = false, by = asserter) =>
  (await evaluate([check], text, negate, by))[0]!
const problems = (check: Check) => asserter.problemsOf({ check, negate: false })

const regex = (value: string): Check => ({ $case: 'regex', value })
const isJson = (schema: unknown = ''): Check => ({
  $case: 'isJson',
  value: { schema: typeof schema === 'string' ? schema : JSON.stringify(schema) },
})
const containsJson = (schema: unknown = ''): Check => ({ ...isJson(schema), $case: 'containsJson' }) as Check
const jsonPath = (path: string, equals?: string): Check => ({ $case: 'jsonPath', value: { path, equals } })

/** A schema for which every value is looked at 2 to the power of 40 times. */
const SLOW = isJson({
  $ref: '#/$defs/40',
  $defs: {
    0: { type: 'string' },
    ...Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [i + 1, { anyOf: [{ $ref: `#/$defs/${i}` }, { $ref: `#/$defs/${i}` }] }]),
    ),
  },
})

const CASES: [check: Check, holds: string, fails: string, why: string][] = [
  [regex(String.raw`\d{4}`), 'in 1999', 'in 99', String.raw`the answer has no part that matches "\\d{4}"`],
  [regex('(?i)^paris$'), 'PARIS', 'in Paris', 'the answer has no part that matches "(?i)^paris$"'],
  [isJson(), ' {"a": [1]}\n', '```json\n{}\n```', 'the answer is not JSON: '],
  [isJson({ type: 'object' }), '{}', '[]', 'the answer does not fulfil the schema: it must be object'],
  [isJson({ type: 'object' }), '{}', '', 'the answer is not JSON: '],
  [containsJson(), '```json\n{"a": [1]}\n```', '[1] and {a}', 'the answer contains no JSON object'],
  [
    containsJson({ required: ['a'] }),
    '{"b": 1} {"a": 1}',
    '{"b": 1}',
    'the answer contains no JSON object that fulfils the schema; of the last one, it must have required property',
  ],
  [jsonPath('$.a[0]["b"]'), '{"a": [{"b": null}]}', '{"a": [{}]}', 'the answer has nothing at '],
  [jsonPath('$.a'), '{"a": 1}', 'a', 'the answer is not JSON: '],
  [jsonPath('$.a', '{"x": 1, "y": [2]}'), '{"a": {"y": [2], "x": 1.0}}', '{"a": {"y": [2]}}', 'the answer has not '],
]

for (const [check, holds, fails, why] of CASES) {
  test(`${JSON.stringify(check)} holds for ${holds} and not for ${fails}; negated it is the other way`, async () => {
    expect(await one(check, holds)).toEqual(OK)
    expect(await one(check, fails)).toEqual({ outcome: Outcome.FAIL, reason: expect.stringMatching(/^the answer /) })
    expect((await one(check, fails)).reason).toContain(why)
    expect(await one(check, holds, true)).toEqual({
      outcome: Outcome.FAIL,
      reason: expect.stringMatching(/^the answer /),
    })
    expect(await one(check, fails, true)).toEqual(OK)
  })
}

test('results are in the order of the assertions, wherever they were found out', async () => {
  const long: Check = { $case: 'contains', value: 'x'.repeat(20_000) }
  const results = await evaluate(
    [regex('b'), { $case: 'equals', value: 'b' }, isJson(), { $case: 'contains', value: 'a' }, long],
    'b'.repeat(1000),
  )
  expect(results.map(({ outcome }) => outcome)).toEqual([1, 2, 2, 2, 2])
})

test('a pattern that costs others exponential time is checked', async () => {
  const text = `${'a'.repeat(1 << 20)}b`
  expect(await one(regex('(a+)+$'), text)).toMatchObject({ outcome: Outcome.FAIL })
  expect(await one(regex('(a+)+b$'), text)).toEqual(OK)
})

test('what is not found out in its time is an error, also negated; what was found out before counts, and the next case is checked', async () => {
  expect(await evaluate([regex('1'), SLOW, regex('2')], '12', false, strict)).toEqual([OK, LATE, LATE])
  expect(await one(SLOW, '1', true, strict)).toEqual(LATE)
  expect(await one(regex('1'), '1', false, strict)).toEqual(OK)
})

test('while cases of some take all of their time, a hundred are checked', async () => {
  const slow = Array.from({ length: 6 }, () => one(SLOW, '1', false, strict))
  const quick = Array.from({ length: 100 }, (_, i) => one(jsonPath('$[0]', String(i)), `[${i}]`, false, strict))
  expect(await Promise.all(slow)).toEqual(Array(6).fill(LATE))
  expect(await Promise.all(quick)).toEqual(Array(100).fill(OK))
})

test('a case that takes too much memory is an error, and the next case is checked', async () => {
  await using small = createAsserter(capturedLog().log, { limitMs: 60_000, memoryMib: 16 })
  expect(await one(isJson(), `[${'{},'.repeat(350_000)}{}]`, false, small)).toEqual({
    outcome: Outcome.ERROR,
    reason: 'could not be checked: it takes too much memory',
  })
  expect(await one(isJson(), '{}', false, small)).toEqual(OK)
})

test('answers that are made to harm do not', async () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  expect(await one(isJson(), deep)).toEqual(OK)
  expect(await one(jsonPath('$[0][0]', '[]'), deep)).toMatchObject({ outcome: Outcome.FAIL })
  const tree = isJson({ items: { $ref: '#' } })
  expect(await one(tree, deep)).toEqual({
    outcome: Outcome.ERROR,
    reason: 'could not be checked: the answer or its schema is too deep',
  })
  expect(await one(containsJson(), `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`)).toEqual(OK)
  expect(await one(containsJson(), '{"a":'.repeat(200_000))).toMatchObject({ outcome: Outcome.FAIL })
  const proto = '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}'
  expect(await one(isJson({ type: 'object', additionalProperties: false }), proto)).toMatchObject({
    outcome: Outcome.FAIL,
  })
  expect(await one(jsonPath('$.__proto__.polluted', 'true'), proto)).toEqual(OK)
  expect(await one(jsonPath('$.__proto__'), '{}')).toMatchObject({ outcome: Outcome.FAIL })
  expect(await one(jsonPath('$.polluted'), '{}')).toMatchObject({ outcome: Outcome.FAIL })
  expect(records).toEqual([])
})

test('answers of 1 MiB are checked, and reasons stay short', async () => {
  const text = JSON.stringify({ a: 'x'.repeat((1 << 20) - 8) })
  const expected = 'x'.repeat(20_000)
  const texts = [expected, 'x']
  const holding: Check[] = [
    isJson({ required: ['a'] }),
    containsJson({ required: ['a'] }),
    jsonPath('$.a'),
    regex('x{10}'),
    { $case: 'contains', value: expected },
    { $case: 'icontains', value: expected },
    { $case: 'containsAny', value: { texts: ['y', 'x'] } },
    { $case: 'length', value: { min: 1 << 20 } },
    { $case: 'startsWith', value: '{"a":"x' },
  ]
  for (const check of holding) expect(await one(check, text)).toEqual(OK)
  const failing: Check[] = [
    { $case: 'equals', value: expected },
    { $case: 'contains', value: `y${expected}` },
    { $case: 'containsAll', value: { texts: [...texts, 'y'] } },
    jsonPath('$.a', JSON.stringify(expected)),
    isJson({ properties: { a: { const: expected } } }),
    isJson({ additionalProperties: { pattern: `y${'x'.repeat(900)}` } }),
  ]
  for (const check of failing) {
    const { outcome, reason } = await one(check, text)
    expect(outcome).toBe(Outcome.FAIL)
    expect(reason.length).toBeLessThanOrEqual(300)
  }
})

test('what is wrong with an assertion is said, with its field', async () => {
  const bad: [check: Check, field: string, description: RegExp][] = [
    [regex('(a'), 'regex', /^must be a regular expression of RE2: .*missing closing \)/],
    [regex(String.raw`(a)\1`), 'regex', /invalid escape sequence/],
    [regex('(?=a)'), 'regex', /^must be a regular expression of RE2/],
    [isJson('{'), 'is_json.schema', /^must be JSON/],
    [isJson({ uniqueItems: true }), 'is_json.schema', /uniqueItems/],
    [containsJson({ uniqueItems: true }), 'contains_json.schema', /uniqueItems/],
    [containsJson({ pattern: '(a' }), 'contains_json.schema', /error parsing regexp/],
    [isJson({ colour: 1 }), 'is_json.schema', /unknown keyword: "colour"/],
    [isJson({ pattern: '(a' }), 'is_json.schema', /error parsing regexp/],
    [jsonPath('$..a'), 'json_path.path', /^must be names and indexes/],
    [jsonPath('$.a', '{a: 1}'), 'json_path.equals', /^must be JSON/],
    [{ $case: 'length', value: { min: 2, max: 1 } }, 'length.max', /^must be at least min, 2$/],
  ]
  for (const [check, field, description] of bad)
    expect(await problems(check)).toEqual([{ field, description: expect.stringMatching(description) }])
})

test('a schema that takes long to compile cannot be stored', async () => {
  const pattern = String.raw`[^\pL]{1000}`.repeat(70)
  const properties = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [i, { pattern: pattern + i }]))
  expect(await strict.problemsOf({ check: isJson({ properties }), negate: false })).toEqual([
    { field: 'is_json.schema', description: LATE.reason },
  ])
  expect(await problems(isJson({ type: 'object' }))).toEqual([])
})

test('nothing is wrong with an assertion that can be evaluated', async () => {
  const good: Check[] = [
    ...CASES.map(([check]) => check),
    SLOW,
    { $case: 'length', value: { min: 2, max: 2 } },
    { $case: 'length', value: { min: 2 } },
    { $case: 'equals', value: '' },
  ]
  for (const check of good) expect(await problems(check)).toEqual([])
})

test('an assertion that is stored although it should not be is an error', async () => {
  for (const check of [regex('(a'), isJson({ colour: 1 }), jsonPath('$..a'), jsonPath('$', '{a: 1}')])
    expect(await one(check, '{}')).toEqual({
      outcome: Outcome.ERROR,
      reason: expect.stringMatching(/^could not be checked(:| by the schema:) /),
    })
})

test('whoever does not wait any more, and whoever waits when it ends, is told so', async () => {
  const gone = new AbortController()
  const asked = asserter.problemsOf({ check: SLOW, negate: false }, { signal: gone.signal })
  gone.abort(new Error('gone'))
  await expect(asked).rejects.toThrow('gone')
  const waiting = Promise.allSettled(Array.from({ length: 5 }, () => one(SLOW, '1')))
  await asserter[Symbol.asyncDispose]()
  for (const end of await waiting)
    expect(end).toMatchObject({ status: 'rejected', reason: { message: 'the asserter has been disposed of' } })
})
