import { expect, test } from '@jest/globals'
import { readCases } from './read-cases.ts'

const yaml = (content: string) => readCases('PROMPTFOO_YAML', content)

const problemsOf = (content: string) =>
  yaml(content).problems.map(({ field, description }) => {
    expect(field).toBe('content')
    return description
  })

const SUITE = `# yaml-language-server: $schema=https://promptfoo.dev/config-schema.json
description: Support answers
prompts:
  - file://prompt.txt
defaultTest:
  vars:
    tone: friendly
    limit: 1.50
  assert:
    - type: latency
      threshold: 2000
    - &cheap
      type: cost
      threshold: 0.002
      metric: price
tests:
  - description: Capital of France
    vars:
      question: What is the capital of France?
      expected: Paris
      strict: yes
    assert:
      - type: icontains
        value: '{{ expected }}'
      - type: not-contains-any
        value: [sorry, "I cannot"]
      - type: contains-all
        value: Paris, "France, Europe"
  - vars:
      question: Give me JSON.
      tone: formal
      context: { user: Ann, ids: [1, 2.0] }
      rows: [[1], [2]]
    weight: 2.5
    options:
      disableDefaultAsserts: true
    assert:
      - type: is-json
        value:
          type: object
          required: [name]
      - *cheap
      - type: json-path
        value: { path: $.name, equals: Ann }
      - type: character-count
        value: { max: 200 }
      - type: not-regex
        value: '\\d{4}(?=x)'
      - type: finish-reason
        value: content_filter
      - { type: equals, value: { a: 1 } }
      - { type: equals, value: 4.0 }
      - { type: starts-with, value: "{" }
      - { type: llm-rubric, value: "Fits {{tone}} talk.", threshold: 0.7 }
      - { type: not-llm-rubric, value: Is rude. }
  - description: Capital of France
    vars: { question: [one, two], strict: [true, false] }
    assert: [{ type: is-json }]
`

test('a file of promptfoo is read with its defaults, templates, lists of values and aliases', () => {
  const { cases, problems } = yaml(SUITE)
  expect(problems).toEqual([])
  expect(cases.map(({ name }) => name)).toEqual([
    'Capital of France',
    'case 2',
    'Capital of France (2)',
    'Capital of France (3)',
  ])
  const [france, json, one] = cases
  const defaults = [
    { negate: false, check: { $case: 'latencyMs', value: 2000n } },
    { negate: false, check: { $case: 'costMicros', value: 2000n } },
  ]
  expect(france).toEqual({
    name: 'Capital of France',
    values: {
      tone: 'friendly',
      limit: '1.50',
      question: 'What is the capital of France?',
      expected: 'Paris',
      strict: 'yes',
    },
    assertions: [
      ...defaults,
      { negate: false, check: { $case: 'icontains', value: 'Paris' } },
      { negate: true, check: { $case: 'containsAny', value: { texts: ['sorry', 'I cannot'] } } },
      { negate: false, check: { $case: 'containsAll', value: { texts: ['Paris', 'France, Europe'] } } },
    ],
    optional: false,
    weight: undefined,
  })
  expect(json).toMatchObject({
    values: { tone: 'formal', context: '{"user":"Ann","ids":[1,2.0]}', rows: '[[1],[2]]' },
    weight: 2.5,
  })
  expect(json!.assertions).toEqual([
    { negate: false, check: { $case: 'isJson', value: { schema: '{"type":"object","required":["name"]}' } } },
    defaults[1],
    { negate: false, check: { $case: 'jsonPath', value: { path: '$.name', equals: '"Ann"' } } },
    { negate: false, check: { $case: 'length', value: { min: 0, max: 200 } } },
    { negate: true, check: { $case: 'regex', value: String.raw`\d{4}(?=x)` } },
    { negate: false, check: { $case: 'finishReason', value: 'content-filter' } },
    { negate: false, check: { $case: 'jsonPath', value: { path: '$', equals: '{"a":1}' } } },
    { negate: false, check: { $case: 'equals', value: '4.0' } },
    { negate: false, check: { $case: 'startsWith', value: '{' } },
    { negate: false, check: { $case: 'llmRubric', value: { rubric: 'Fits formal talk.', threshold: 0.7 } } },
    { negate: true, check: { $case: 'llmRubric', value: { rubric: 'Is rude.' } } },
  ])
  expect(one).toMatchObject({ values: { question: 'one', strict: '[true,false]' } })
  expect(one!.assertions).toEqual([...defaults, { negate: false, check: { $case: 'isJson', value: { schema: '' } } }])
})

test('a bare list of tests is read, with a mark at its beginning and lines that end with CR LF', () => {
  const { cases, problems } = yaml('\ufeff- vars:\r\n    a: x\r\n  assert:\r\n    - type: equals\r\n      value: y\r\n')
  expect(problems).toEqual([])
  expect(cases).toMatchObject([{ name: 'case 1', values: { a: 'x' } }])
})

test('the lists of values make a case for every choice, the last name first', () => {
  const { cases } = yaml('- {vars: {a: [x, y], b: ["1", "2"]}, assert: [{type: contains, value: "{{a}}{{b}}"}]}')
  expect(cases.map(({ assertions }) => assertions[0]!.check!.value)).toEqual(['x1', 'x2', 'y1', 'y2'])
})

const assertedBy = (assertions: string) => {
  const { cases, problems } = yaml(`- {vars: {a: x}, assert: ${assertions}}`)
  expect(problems).toEqual([])
  return cases[0]!.assertions
}

test('texts in any case and JSON among other text are asserted as promptfoo does', () => {
  const written = `[{type: icontains-any, value: [Sorry, "{{a}}"]}, {type: not-icontains-all, value: 'a, "b,c"'},
    {type: contains-json}, {type: not-contains-json, value: {type: object}}]`
  expect(assertedBy(written)).toEqual([
    { negate: false, check: { $case: 'icontainsAny', value: { texts: ['Sorry', 'x'] } } },
    { negate: true, check: { $case: 'icontainsAll', value: { texts: ['a', 'b,c'] } } },
    { negate: false, check: { $case: 'containsJson', value: { schema: '' } } },
    { negate: true, check: { $case: 'containsJson', value: { schema: '{"type":"object"}' } } },
  ])
})

const JSON_AND_TEXT = '[{type: is-json}, {type: contains, value: x, weight: 3}]'
const set = (more: string, inside = JSON_AND_TEXT) => `{type: assert-set, assert: ${inside}${more}}`

test.each([
  ['it has no threshold', set('')],
  ['the threshold is 1', set(', threshold: 1, metric: m, weight: 2')],
  ['it is missed without the lightest one', set(', threshold: 0.76')],
  ['it has only one', `${set('', '[{type: is-json}]')}, ${set(', threshold: 0.1', '[{type: contains, value: x}]')}`],
])('an assert-set that needs all of its assertions becomes these: %s', (_, written) => {
  expect(assertedBy(`[{type: latency, threshold: 5}, ${written}]`)).toEqual([
    { negate: false, check: { $case: 'latencyMs', value: 5n } },
    { negate: false, check: { $case: 'isJson', value: { schema: '' } } },
    { negate: false, check: { $case: 'contains', value: 'x' } },
  ])
})

test.each([
  [
    '[{type: contains, value: "{{a}}"}, {type: contains-any, value: [y, z]}]',
    { negate: false, check: { $case: 'containsAny', value: { texts: ['x', 'y', 'z'] } } },
  ],
  [
    '[{type: icontains, value: y, weight: 5}, {type: icontains-any, value: z, weight: 5}]',
    { negate: false, check: { $case: 'icontainsAny', value: { texts: ['y', 'z'] } } },
  ],
  [
    '[{type: not-contains, value: y}, {type: not-contains-all, value: [a, b]}]',
    { negate: true, check: { $case: 'containsAll', value: { texts: ['y', 'a', 'b'] } } },
  ],
  [
    '[{type: not-icontains, value: y}, {type: not-icontains, value: z}]',
    { negate: true, check: { $case: 'icontainsAll', value: { texts: ['y', 'z'] } } },
  ],
])('an assert-set of which any text is enough becomes one assertion: %s', (inside, expected) => {
  expect(assertedBy(`[${set(', threshold: 0.5', inside)}]`)).toEqual([expected])
})

const ASSERTED = '  assert: [{type: is-json}]\n'
const inTest = (line: string) => `- description: d\n${ASSERTED}  ${line}\n`
const inAssert = (line: string) => `- assert:\n  - type: is-json\n  - ${line}\n`

test.each([
  [
    'a script',
    inAssert('{type: javascript, value: "output.length < 5"}'),
    'javascript assertions are not supported: scripts',
  ],
  ['a negated script', inAssert('{type: not-python, value: x}'), 'not-python assertions are not supported: scripts'],
  [
    'a webhook',
    inAssert('{type: webhook, value: "https://x"}'),
    'webhook assertions are not supported: no other service',
  ],
  ['a score', inAssert('{type: llm-rubric, value: x, threshold: 1.5}'), 'the threshold of a rubric must be a number'],
  [
    'the provider of a judge',
    inAssert('{type: llm-rubric, value: x, provider: openai:x}'),
    '“provider” of an assertion is not supported: a suite names its model, and the one that judges, in its settings',
  ],
  [
    'another judge',
    inAssert('{type: g-eval, value: polite}'),
    'g-eval assertions are not supported: a model judges by',
  ],
  ['similarity', inAssert('{type: similar, value: x, threshold: 0.8}'), 'similar assertions are not supported'],
  ['ends-with', inAssert('{type: ends-with, value: x}'), 'ends-with assertions are not supported: use regex with $'],
  ['no schema in it', inAssert('{type: contains-json, value: "[1]"}'), 'the schema must be a map, true or false'],
  ['no texts in any case', inAssert('{type: icontains-all, value: []}'), 'the value must not be empty'],
  ['an unknown type', inAssert('{type: contain, value: x}'), 'contain assertions are not supported: take equals'],
  ['a name of JavaScript', inAssert('{type: constructor, value: x}'), 'constructor assertions are not supported'],
  ['a file of values', inAssert('{type: contains, value: file://x.txt}'), 'files, scripts and packages are not read'],
  ['a file in a list', inAssert('{type: contains-any, value: [a, file://x.js]}'), 'files, scripts and packages'],
  [
    'a transform',
    inAssert('{type: contains, value: x, transform: output.trim()}'),
    '“transform” of an assertion is not',
  ],
  [
    'a grader',
    inAssert('{type: contains, value: x, provider: openai:x}'),
    '“provider” of an assertion is not supported',
  ],
  [
    'a set of which some are enough',
    inAssert(set(', threshold: 0.5', '[{type: is-json}, {type: contains, value: x}, {type: contains, value: y}]')),
    'an assert-set that passes when some of its assertions hold is not supported: only when it needs all of them',
  ],
  [
    'a set of which any is enough, of several kinds',
    inAssert(set(', threshold: 0.25', JSON_AND_TEXT)),
    'an assert-set of which any assertion is enough can only have contains and contains-any',
  ],
  [
    'a set of which any is enough, one of them negated',
    inAssert(set(', threshold: 0.5', '[{type: contains, value: x}, {type: not-contains, value: y}]')),
    'an assert-set of which any assertion is enough can only have contains and contains-any',
  ],
  [
    'a set of which any is enough, with a long text',
    inAssert(set(', threshold: 0.5', `[{type: contains, value: x}, {type: contains, value: ${'x'.repeat(2001)}}]`)),
    'an assert-set of which any assertion is enough can only have contains and contains-any',
  ],
  ['a set that asserts nothing', inAssert(set(', threshold: 0')), 'the threshold of an assert-set must be a number'],
  ['a set that never passes', inAssert(set(', threshold: 1.5')), 'the threshold of an assert-set must be a number'],
  ['an empty set', inAssert(set('', '[]')), 'an assert-set needs a list of assertions, assert'],
  ['a set of nothing', inAssert('{type: assert-set}'), 'an assert-set needs a list of assertions, assert'],
  ['a set in a set', inAssert(set('', `[${set('')}]`)), 'an assert-set in an assert-set is not supported'],
  ['a set with a weight of 0', inAssert(set(', weight: 0')), 'the weight of an assertion must be above 0'],
  ['a weight of 0 in a set', inAssert(set('', '[{type: is-json, weight: 0}]')), 'the weight of an assertion must be'],
  ['a script in a set', inAssert(set('', '[{type: javascript, value: x}]')), 'javascript assertions are not supported'],
  ['a set with more', inAssert(set(', config: {}')), '“config” of an assert-set is not supported'],
  ['a reference', inAssert('{$ref: "#/x"}'), 'an assertion must be a map with a type'],
  [
    'a threshold of none',
    inAssert('{type: contains, value: x, threshold: 1}'),
    'contains assertions have no threshold',
  ],
  ['no weight', inAssert('{type: contains, value: x, weight: 0}'), 'the weight of an assertion must be above 0'],
  ['no value', inAssert('{type: contains}'), 'contains assertions need a value'],
  ['an empty value', inAssert('{type: contains, value: ""}'), 'the value must not be empty'],
  ['no texts', inAssert('{type: contains-any, value: []}'), 'the value must not be empty'],
  ['a long pattern', inAssert(`{type: regex, value: ${'x'.repeat(1001)}}`), 'the value has more than 1000 characters'],
  ['no time', inAssert('{type: latency}'), 'latency assertions need a threshold, in milliseconds'],
  ['a negative price', inAssert('{type: cost, threshold: -1}'), 'the threshold of cost must be a number of US dollars'],
  ['an endless time', inAssert('{type: latency, threshold: .inf}'), 'the threshold of latency must be a number'],
  ['another end', inAssert('{type: finish-reason, value: tool_calls}'), 'the finish reason must be one of stop'],
  ['no schema', inAssert('{type: is-json, value: "[1]"}'), 'the schema must be a map, true or false'],
  ['a path of XML', inAssert('{type: json-path, value: {path: /a}}'), 'the path must begin with $'],
  ['a template of more', inAssert('{type: contains, value: "{{ a | upper }}"}'), 'of templates {{name}} is supported'],
  ['a template of nothing', inAssert('{type: contains, value: "{{ a }}"}'), 'the test has no value for “a”'],
  ['a template in JSON', inAssert('{type: is-json, value: {title: "{{a}}"}}'), 'templates in JSON are not supported'],
  ['a provider', inTest('provider: openai:gpt-5'), '“provider” of a test is not supported'],
  ['a filter of providers', inTest('providers: [a]'), '“providers” of a test is not supported'],
  ['a threshold', inTest('threshold: 0.5'), 'a threshold is not supported: all assertions'],
  ['a weight', inTest('weight: 0'), 'the weight of a test must be'],
  ['options', inTest('options: {transform: x}'), '“transform” of options is not supported'],
  ['an answer', inTest('providerOutput: x'), '“providerOutput” of a test is not supported'],
  ['files of values', inTest('vars: file://vars.yaml'), 'vars must be a map'],
  ['a value of a file', inTest('vars: {a: file://a.txt}'), 'the value of “a” refers to a file'],
  ['a value that is a template', inTest('vars: {a: "{{b}}"}'), 'the value of “a” refers to a file or has a template'],
  ['a value that is none', inTest('vars: {a: null}'), '“a” has no value: for the empty text write ""'],
  ['a name with a dash', inTest('vars: {a-b: x}'), '“a-b” cannot be the name of a value'],
  ['a name of JavaScript', inTest('vars: {__proto__: x}'), '“__proto__” cannot be the name of a value'],
  ['a long value', inTest(`vars: {a: ${'x'.repeat(20_001)}}`), 'the value of “a” has more than 20000 characters'],
  ['a name twice', inTest('vars: {a: x, a: y}'), '“a” is there twice'],
  ['a script of YAML', inTest('vars: {a: !!js/function "x"}'), 'the tag “tag:yaml.org,2002:js/function” is not'],
  ['a tag', inTest('vars: !x {a: x}'), 'the tag “!x” is not supported'],
])('%s is refused by its line', (_, content, description) => {
  const problems = problemsOf(content)
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain(`line 3: ${description}`)
})

test.each([
  ['tests in a file', 'prompts: [x]\ntests: file://tests.yaml', 'line 2: tests must be a list in the file'],
  ['a test in a file', 'tests:\n- file://tests.yaml', 'line 2: a test must be a map in the file'],
  ['providers', `providers: [openai:x]\ntests:\n${inTest('')}`, 'line 1: “providers” of a file is not supported'],
  ['scenarios', `tests:\n${inTest('')}scenarios: []`, 'line 5: “scenarios” of a file is not supported'],
  ['defaults in a file', `tests:\n${inTest('')}defaultTest: file://d.yaml`, 'line 5: defaultTest must be a map'],
  ['a test that asserts nothing', `${inTest('')}\n- description: e`, 'line 5: it asserts nothing'],
  ['no tests', 'description: x', 'line 1: it has no tests'],
  ['an empty list', 'tests: []', 'line 1: it has no tests'],
  ['a text', 'hello', 'line 1: it must be a map with tests, or a list of tests'],
  ['nothing', ' \n', 'line 1: it is empty'],
  ['a comment', '# none', 'line 1: it must be a map with tests, or a list of tests'],
  ['two documents', `${inTest('')}---\n${inTest('')}`, 'line 4: it has several documents'],
])('%s is refused by its line in the file', (_, content, description) => {
  expect(problemsOf(content)).toEqual([expect.stringContaining(description)])
})

test('a problem of the defaults is told once, and problems come in the order of their lines', () => {
  const content = `tests:\n${inTest('threshold: 0').repeat(3)}defaultTest:\n  assert: [{type: contains, value: "{{x}}"}]\n`
  expect(problemsOf(content).map((description) => description.slice(0, 9))).toEqual([
    'line 4: a',
    'line 7: a',
    'line 10: ',
    'line 12: ',
  ])
})

test('what is too much is refused', () => {
  const many = (count: number, text: string) => `[${Array.from({ length: count }, () => text).join(',')}]`
  expect(problemsOf(many(501, '{assert: [{type: is-json}]}'))).toEqual([expect.stringContaining('more than 500 cases')])
  expect(yaml(many(500, '{assert: [{type: is-json}]}')).cases).toHaveLength(500)
  expect(problemsOf(`- assert: ${many(21, '{type: is-json}')}`)).toEqual(['line 1: it has more than 20 assertions'])
  const ofSet = `{type: assert-set, assert: ${many(20, '{type: is-json}')}}`
  expect(problemsOf(`- assert: [{type: is-json}, ${ofSet}]`)).toEqual(['line 1: it has more than 20 assertions'])
  const list = many(23, 'a')
  expect(problemsOf(`- {vars: {a: ${list}, b: ${list}}, assert: [{type: is-json}]}`)).toEqual([
    'line 1: its lists of values make more than 500 cases',
  ])
  const vars = Array.from({ length: 101 }, (_, index) => `v${index}: x`).join(', ')
  expect(problemsOf(`- {vars: {${vars}}, assert: [{type: is-json}]}`)).toEqual(['line 1: it has more than 100 values'])
  const shared = `defaultTest: {vars: {a: ${'x'.repeat(20_000)}}}\ntests: ${many(400, '{assert: [{type: is-json}]}')}`
  expect(problemsOf(shared)).toEqual(['line 2: the cases have more than 4 MiB together up to here'])
})
