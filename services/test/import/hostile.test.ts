import { expect, test } from '@jest/globals'
import { SuiteCase } from '#contracts/gen/promptforge/test/v1/suite.ts'
import { createRequestCheck } from '#chassis/grpc/validation.ts'
import { loadContract } from '#contracts/contract.ts'
import { type ImportFormat, readCases } from './read-cases.ts'

const problemsOf = (content: string, format: ImportFormat = 'PROMPTFOO_YAML') =>
  readCases(format, content).problems.map(({ description }) => description)

const bomb = (levels: number, width: number) => {
  const level = (index: number) =>
    `l${index}: &l${index} [${Array.from({ length: width }, () => `*l${index - 1}`).join(', ')}]`
  return `l0: &l0 ${'lol'.repeat(1000)}\n${Array.from({ length: levels }, (_, index) => level(index + 1)).join('\n')}\n`
}

test.each([
  ['aliases of aliases', bomb(16, 3), 'line 9: it has too much, or is nested too deep, by its aliases'],
  ['many aliases', `a: &a x\nb: [${'*a, '.repeat(51)}]`, 'line 2: it has more than 50 aliases'],
  ['an alias of itself', 'a: &a [*a]', 'line 1: the alias “a” has no anchor before it'],
  ['10,000 lists in each other', `a:\n  ${'['.repeat(10_000)}${']'.repeat(10_000)}`, 'line 2: it is nested too deep'],
  ['a million open brackets', '['.repeat(1_000_000), 'line 1: it is nested too deep'],
  ['a million dashes', '- '.repeat(500_000), 'line 1: it is nested too deep'],
  ['many signs', `[${'1,'.repeat(500_000)}]`, 'line 1: it has more than 250,000 words and signs up to here'],
  ['many brackets that close nothing', ']'.repeat(1_000_000), 'line 1: it cannot be read: Unexpected'],
  ['directives', '%YAML 1.1\n---\n- x', 'line 1: directives are not supported'],
  ['many escapes that are none', `"${'\\A'.repeat(500_000)}"`, 'line 1: a text in double quotes has a backslash'],
  ['more than 1 MiB', 'ü'.repeat(600_000), 'line 1: it has more than 1 MiB'],
  ['NUL', 'a\n\0', 'line 2: it has a character that is no text'],
  ['half a character', 'a\n\n\ud800', 'line 3: it has a character that is no text'],
  ['a tab before a name', 'tests:\n\t- description: x', 'line 2: it cannot be read: '],
  ['a merge of a text', '- assert: [{type: is-json}]\n  <<: x', 'line 2: << merges a map, or a list of maps'],
  [
    'a name that is a list',
    '- assert: [{type: is-json}]\n  ? [a]\n  : b',
    'line 2: the name of a member must be a text',
  ],
])('%s: it is refused', (_, content, description) => {
  expect(problemsOf(content)).toContainEqual(expect.stringContaining(description))
})

test('10,000 lists of JSON in each other are refused', () => {
  const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`
  expect(problemsOf(deep, 'JSON')).toEqual(['line 1: it is nested too deep'])
  const schema = JSON.stringify(deep)
  expect(problemsOf(`[{"assert":[{"type":"is-json","value":${schema}}]}]`, 'JSON')).toHaveLength(1)
})

test('at most 100 problems are told', () => {
  expect(problemsOf('- description: x\n'.repeat(300))).toHaveLength(100)
})

test('merge keys give what a map does not have itself', () => {
  const { cases, problems } = readCases(
    'PROMPTFOO_YAML',
    `- &first
  vars: &vars { a: x, b: y }
  assert: [{ type: is-json }]
- <<: *first
  vars: { <<: [{ b: z }, *vars], a: own }
`,
  )
  expect(problems).toEqual([])
  expect(cases[1]).toMatchObject({ values: { a: 'own', b: 'z' }, assertions: [{ check: { $case: 'isJson' } }] })
})

test('names of JavaScript are names like others', () => {
  const { cases } = readCases(
    'PROMPTFOO_YAML',
    '- {vars: {constructor: x, toString: y}, assert: [{type: is-json, value: {__proto__: {a: 1}}}]}',
  )
  expect(Object.entries(cases[0]!.values)).toEqual([
    ['constructor', 'x'],
    ['toString', 'y'],
  ])
  expect(cases[0]!.assertions[0]!.check!.value).toEqual({ schema: '{"__proto__":{"a":1}}' })
})

const PIECES = [
  ['- ', '  ', '\n', '\n  ', '\n    ', ': ', ', ', '{', '}', '[', ']', '"', "'", '|\n', '>\n', '#', '%', '---\n', '\t'],
  ['&a ', '*a', '!!x ', '? ', '<<: ', '{{a}}', '\r\n', '\\', '\u{1f600}', '\ud800', '\0', '__proto__', '$', '0x1f'],
  ['tests:\n', 'assert:\n', 'vars:\n', 'type: ', 'value: ', 'threshold: ', 'equals', 'is-json', 'length', 'latency'],
  [
    'contains-any',
    'contains-json',
    'icontains-all',
    'assert-set',
    '1',
    '-2.5',
    'null',
    'true',
    'file://x',
    '__expected',
    '__description',
    'not-',
    '(500)',
    '"cases"',
  ],
  ['- {vars: {a: x}, assert: [{type: contains, value: "{{a}}"}]}\n', '{"name": "n", "assertions": [{"equals": "x"}]}'],
  ['a,__expected\nx,contains: y\n', '- assert:\n  - type: length\n    value: {min: 1, max: 2}\n'],
].flat()

const WHOLE = [
  `defaultTest: {assert: [{type: cost, threshold: 0.1}]}\ntests:\n- &t\n  vars: {a: [x, y], n: 1.50}\n  assert:\n  - type: not-contains-any\n    value: a, "b"\n- *t\n`,
  `- assert:\n  - type: assert-set\n    threshold: 0.5\n    assert: [{type: contains, value: x}, {type: contains-any, value: "y, z"}]\n  - {type: contains-json}\n`,
  'a,__expected,__expected2,__description\nx,contains: y,latency(500),n\n"1\n2",is-json,,\n',
  '{"cases": [{"name": "n", "values": {"a": "x"}, "weight": 2, "assertions": [{"length": {"min": 1}}, {"latencyMs": "5"}]}]}',
  '{"cases": [{"assertions": [{"llmRubric": {"rubric": "x", "threshold": 1, "judge": {"modelProvider": "p", "modelName": "m", "temperature": 2, "maxTokens": 1}}}]}]}',
]

/** Random numbers from 0 below 1, the same for a seed. */
function mulberry(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

test('whatever is read, nothing is thrown, problems have a line, and cases without problems are those of the contract', () => {
  const contract = loadContract()
  const check = createRequestCheck(contract, contract.registry.getMessage('promptforge.test.v1.SuiteCase')!)
  const formats: ImportFormat[] = ['PROMPTFOO_YAML', 'CSV', 'JSON']
  const random = mulberry(7)
  const one = <T>(of: T[]) => of[Math.floor(random() * of.length)]!
  const pieces = () => Array.from({ length: Math.floor(random() ** 2 * 40) }, () => one(PIECES)).join('')
  const spoilt = (whole: string) => {
    const at = Math.floor(random() * whole.length)
    return whole.slice(0, at) + one([...PIECES, '']) + whole.slice(at + Math.floor(random() * 3))
  }
  let read = 0
  for (let round = 0; round < 4000; round++) {
    const { cases, problems } = readCases(one(formats), random() < 0.4 ? pieces() : spoilt(one(WHOLE)))
    for (const { description } of problems) expect(description).toMatch(/^line [1-9]\d*: ./)
    if (problems.length === 0) expect(cases).not.toEqual([])
    for (const each of cases) check(SuiteCase.encode(each).finish())
    read += cases.length
  }
  expect(read).toBeGreaterThan(300)
})
