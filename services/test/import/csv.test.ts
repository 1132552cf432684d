import { expect, test } from '@jest/globals'
import { readCases } from './read-cases.ts'

const csv = (content: string) => readCases('CSV', content)
const problemsOf = (content: string) => csv(content).problems.map(({ description }) => description)

test('a CSV file of promptfoo is read: a row for a case, a column for a value', () => {
  const { cases, problems } = csv(
    '\ufeffquestion,__expected1,__expected2,__description,__metric,__metadata:kind,__threshold\r\n' +
      '"What, now?",contains: Paris,latency(500),Capital,m,k,1\r\n' +
      '\r\n' +
      '"Two\nlines","not-contains-any: a, ""b,c""",,,,,\r\n' +
      '7,Paris is: big,is-json,Capital,,,\r\n' +
      'x,cost(0.0015),"regex: ^a:b$",,,,\r\n' +
      'x,grade: Is polite.,llm-rubric(0.5): Is short.,,,,\r\n' +
      'x,"is-json: {""type"": ""object""}",character-count: 5,,,,\r\n' +
      'x,"icontains-any: a,B",not-contains-json,,,,\r\n',
  )
  expect(problems).toEqual([])
  expect(cases.map(({ name, values }) => [name, values['question']])).toEqual([
    ['Capital', 'What, now?'],
    ['case 2', 'Two\nlines'],
    ['Capital (2)', '7'],
    ['case 4', 'x'],
    ['case 5', 'x'],
    ['case 6', 'x'],
    ['case 7', 'x'],
  ])
  expect(cases.map(({ assertions }) => assertions)).toEqual([
    [
      { negate: false, check: { $case: 'contains', value: 'Paris' } },
      { negate: false, check: { $case: 'latencyMs', value: 500n } },
    ],
    [{ negate: true, check: { $case: 'containsAny', value: { texts: ['a', 'b,c'] } } }],
    [
      { negate: false, check: { $case: 'equals', value: 'Paris is: big' } },
      { negate: false, check: { $case: 'isJson', value: { schema: '' } } },
    ],
    [
      { negate: false, check: { $case: 'costMicros', value: 1500n } },
      { negate: false, check: { $case: 'regex', value: '^a:b$' } },
    ],
    [
      { negate: false, check: { $case: 'llmRubric', value: { rubric: 'Is polite.' } } },
      { negate: false, check: { $case: 'llmRubric', value: { rubric: 'Is short.', threshold: 0.5 } } },
    ],
    [
      { negate: false, check: { $case: 'isJson', value: { schema: '{"type": "object"}' } } },
      { negate: false, check: { $case: 'length', value: { min: 5, max: 5 } } },
    ],
    [
      { negate: false, check: { $case: 'icontainsAny', value: { texts: ['a', 'B'] } } },
      { negate: true, check: { $case: 'containsJson', value: { schema: '' } } },
    ],
  ])
})

test.each([
  ['a script', 'javascript: output.length', 'javascript assertions are not supported'],
  ['an old script', 'fn: output', 'javascript assertions are not supported'],
  ['a file', 'file://check.py', 'python assertions are not supported'],
  ['another file', 'contains: file://x.txt', 'files, scripts and packages are not read'],
  ['similarity', 'similar(0.8): x', 'similar assertions are not supported'],
  ['a trajectory', 'trajectory:tool-used: x', 'trajectory assertions are not supported'],
  ['a time as a value', 'latency: 500', 'latency assertions have no value'],
  ['a set', 'assert-set: x', 'assert-set assertions are not supported: write its assertions into columns'],
  ['a rubric of nothing', 'grade:', 'the rubric must not be empty'],
  ['nothing', 'contains:', 'contains assertions need a value'],
  ['no assertion', ' ', 'it asserts nothing'],
])('%s is refused by its line', (_, cell, description) => {
  expect(problemsOf(`a,__expected\nx,y\n"1\n2",${cell}\n`)).toEqual([expect.stringContaining(`line 3: ${description}`)])
})

test.each([
  ['a prefix', 'a,__expected,__prefix\nx,y,z', 'line 1: the column “__prefix” is not supported'],
  [
    'configuration',
    'a,__config:__expected:threshold\nx,1',
    'line 1: the column “__config:__expected:threshold” is not',
  ],
  ['a threshold', 'a,__expected,__threshold\nx,y,0.5', 'line 2: a threshold is not supported'],
  ['a name with a space', 'a b,__expected\nx,y', 'line 1: “a b” cannot be the name of a value'],
  ['a name twice', 'a,a,__expected\nx,y,z', 'line 1: the column “a” is there twice'],
  ['a column too many', 'a,__expected\nx,y\nx,y,z', 'line 3: it has 3 fields, and the first line has 2'],
  ['a quote that does not end', 'a,__expected\nx,y\nx,"z', 'line 3: it is not CSV'],
  ['a quote in the wrong place', 'a,__expected\nx,y\nx,"z"z', 'line 3: it is not CSV'],
  ['no rows', 'a,__expected', 'line 1: it has no tests'],
  ['a template', 'a,__expected\n{{b}},y', 'line 2: the value of “a” refers to a file or has a template'],
])('%s is refused by its line in the file', (_, content, description) => {
  expect(problemsOf(content)[0]).toContain(description)
})

test('501 rows are too many', () => {
  expect(problemsOf(`a,__expected\n${'x,y\n'.repeat(600)}`)).toEqual([
    'line 502: it makes more than 500 cases up to here',
  ])
})
