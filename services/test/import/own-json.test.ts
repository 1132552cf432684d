import { expect, test } from '@jest/globals'
import { SuiteCase } from '#contracts/gen/promptforge/test/v1/suite.ts'
import { readCases } from './read-cases.ts'

const json = (content: string) => readCases('JSON', content)
const problemsOf = (content: string) => json(content).problems.map(({ description }) => description)

const JUDGE = {
  modelProvider: 'sandbox',
  modelName: 'judge',
  temperature: 0.5,
  maxTokens: 200,
  keyId: '0198c0de-0000-7000-8000-00000000000b',
}

const CASES: SuiteCase[] = [
  {
    name: 'All checks but rubrics',
    values: { a: '{{b}} \u{1f600}\n\t"\\/', b: '' },
    assertions: [
      { negate: false, check: { $case: 'equals', value: '' } },
      { negate: true, check: { $case: 'equalsExactly', value: ' x ' } },
      { negate: false, check: { $case: 'contains', value: 'file://is a text' } },
      { negate: false, check: { $case: 'icontains', value: 'x' } },
      { negate: false, check: { $case: 'startsWith', value: 'x' } },
      { negate: false, check: { $case: 'containsAny', value: { texts: ['a', 'b'] } } },
      { negate: true, check: { $case: 'containsAll', value: { texts: ['a,b'] } } },
      { negate: false, check: { $case: 'regex', value: '^x{2}$' } },
      { negate: false, check: { $case: 'isJson', value: { schema: '' } } },
      { negate: false, check: { $case: 'isJson', value: { schema: '{"type":"object"}' } } },
      { negate: false, check: { $case: 'jsonPath', value: { path: '$.a', equals: '1' } } },
      { negate: false, check: { $case: 'jsonPath', value: { path: '$.a', equals: undefined } } },
      { negate: false, check: { $case: 'length', value: { min: 1, max: undefined } } },
      { negate: false, check: { $case: 'latencyMs', value: 2000n } },
      { negate: false, check: { $case: 'costMicros', value: 0n } },
      { negate: false, check: { $case: 'finishReason', value: 'content-filter' } },
      { negate: false, check: { $case: 'icontainsAny', value: { texts: ['a', 'b'] } } },
      { negate: false, check: { $case: 'icontainsAll', value: { texts: ['A'] } } },
      { negate: true, check: { $case: 'containsJson', value: { schema: '{"type":"object"}' } } },
    ],
    optional: true,
    weight: 0.5,
  },
  {
    name: 'Rubrics',
    values: {},
    assertions: [
      {
        negate: true,
        check: { $case: 'llmRubric', value: { rubric: 'Is rude.', threshold: undefined, judge: undefined } },
      },
      { negate: false, check: { $case: 'llmRubric', value: { rubric: 'Is polite.', threshold: 0.5, judge: JUDGE } } },
    ],
    optional: false,
    weight: 1,
  },
]

test('cases come back from the JSON that the API gives', () => {
  const object = { cases: CASES.map((one) => SuiteCase.toJSON(one)) }
  for (const indent of [undefined, 2, '\t']) {
    const { cases, problems } = json(JSON.stringify(object, null, indent))
    expect(problems).toEqual([])
    expect(cases).toEqual(CASES)
  }
})

test('the names of the proto are read, too, and numbers for int64', () => {
  const { cases, problems } = json('{"cases": [{"assertions": [{"latency_ms": 5, "negate": null}, {"is_json": {}}]}]}')
  expect(problems).toEqual([])
  expect(cases).toMatchObject([{ name: 'case 1', assertions: [{ check: { $case: 'latencyMs', value: 5n } }, {}] }])
})

test('a configuration of promptfoo is read as JSON, too', () => {
  const { cases, problems } = json('{"tests": [{"vars": {"n": 1.0}, "assert": [{"type": "equals", "value": "x"}]}]}')
  expect(problems).toEqual([])
  expect(cases).toMatchObject([{ values: { n: '1.0' } }])
})

const inCase = (member: string) => `{"cases": [\n{"name": "n", "assertions": [{"equals": "x"}],\n${member}}]}`
const inAssertion = (assertion: string) => `{"cases": [{"assertions": [\n{"equals": "x"},\n${assertion}]}]}`

test.each([
  ['an unknown field', inCase('"vars": {}'), '“vars” is not a field here: only name, values'],
  ['a value that is a number', inCase('"values": {"a b": "x"}'), '“a b” cannot be the name of a value'],
  ['a weight', inCase('"weight": 0'), 'the weight of a case must be a number above 0'],
  ['a flag', inCase('"optional": "yes"'), 'it must be true or false'],
  ['no check', inAssertion('{"negate": true}'), 'an assertion must have exactly one check'],
  ['two checks', inAssertion('{"equals": "x", "contains": "y"}'), 'an assertion must have exactly one check'],
  ['an unknown check', inAssertion('{"javascript": "x"}'), '“javascript” is not a field here'],
  ['a negative time', inAssertion('{"latencyMs": "-1"}'), 'it must be a whole number, 0 to'],
  ['a reason', inAssertion('{"finishReason": "x"}'), 'the reason must be stop, length'],
  ['no rubric', inAssertion('{"llmRubric": {"threshold": 1}}'), 'llmRubric needs a rubric'],
  [
    'a score',
    inAssertion('{"llmRubric": {"rubric": "x", "threshold": 2}}'),
    'the threshold of a rubric must be a number',
  ],
  [
    'half a judge',
    inAssertion('{"llmRubric": {"rubric": "x", "judge": {"modelName": "x"}}}'),
    'a judge needs modelProvider',
  ],
  [
    'a key',
    inAssertion(`{"llmRubric": {"rubric": "x", "judge": ${JSON.stringify({ ...JUDGE, keyId: 'k' })}}}`),
    'keyId is not one',
  ],
  ['no texts', inAssertion('{"containsAny": {}}'), 'texts must not be empty'],
  ['no JSON', '{"cases": [\n\n{]}', 'it is not JSON'],
  ['YAML', '{"cases":\n\n[x]}', 'it is not JSON'],
])('%s is refused by its line', (_, content, description) => {
  expect(problemsOf(content)[0]).toContain(`line 3: ${description}`)
})
