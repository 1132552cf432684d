import { describe, expect, test } from '@jest/globals'
import { countOf } from './amounts.ts'
import { type Latency, ratioOf } from './measure.ts'
import { readOptions } from './options.ts'
import { withBlock } from './page.ts'
import { planLines } from './plans.ts'
import { callTable, domainTable, partitionTable } from './report.ts'
import { extrapolate, type Size, sumOf } from './sizes.ts'
import { makeSentences, makeWords } from './words.ts'

const latency = (p50: number, p99: number, errors = {}): Latency => ({ p50, p99, calls: 10, errors })
const size = (domain: Size['domain'], tables: number): Size => ({
  domain,
  table: domain,
  rows: 10,
  tables,
  toast: 1e6,
  indexes: 2e6,
})

/** Cells of the row that begins with this. */
const rowOf = (table: string, first: string) =>
  table
    .split('\n')
    .find((line) => line.startsWith(`| ${first} `))!
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())

describe('what is made', () => {
  test('of everything there is at least one', () => {
    expect(countOf('suites', 3)).toBe(1)
    expect(countOf('prompts', 100)).toBe(500)
  })

  test('the same seed gives the same words and sentences, another seed others', () => {
    const words = makeWords(1, 50)
    expect(makeWords(1, 50)).toEqual(words)
    expect(new Set(words).size).toBe(50)
    expect(makeWords(2, 50)).not.toEqual(words)
    expect(makeSentences(1, words, 5)).toEqual(makeSentences(1, words, 5))
    expect(makeSentences(1, words, 5)[0]).toMatch(/^[A-Z][a-z]+( [a-z]+){11}\.$/)
  })
})

describe('the report', () => {
  test('sums the bytes of a domain, and of all', () => {
    const sizes = [size('users', 1e6), size('users', 2e6), size('tests', 4e6)]
    expect(sumOf(sizes, 'users')).toEqual({ tables: 3e6, toast: 2e6, indexes: 4e6 })
    expect(sumOf(sizes)).toEqual({ tables: 7e6, toast: 3e6, indexes: 6e6 })
  })

  test('goes on with the line through two sizes', () => {
    expect(extrapolate({ users: 10, bytes: 120 }, { users: 20, bytes: 220 }, 100)).toBe(1020)
  })

  test('marks a domain that is more than three times as large as its estimate, or less than a third', () => {
    // 1 KB for each of 1,000 users are 1 MB, of which there are 10; of 20 MB of tests there are 10.
    const table = domainTable(1000, [size('users', 7e6), size('tests', 7e6)], {
      users: 100,
      sizes: [size('users', 7e5)],
    })
    expect(rowOf(table, 'users')[6]).toBe('10.00 !')
    expect(rowOf(table, 'tests')[6]).toBe('0.50')
    expect(rowOf(table, 'social')[6]).toBe('0.00 !')
  })

  test('marks a call whose p99 grew by more than a fifth, and names its errors', () => {
    const table = callTable(
      [
        { name: 'GetUser', small: latency(1, 2), large: latency(1, 2.5, { UNAVAILABLE: 3 }), p50: 1, p99: 1.25 },
        { name: 'GetPrompt', small: latency(1, 2), large: latency(1, 2.4), p50: 1, p99: 1.2 },
      ],
      1000,
      10_000,
    )
    expect(rowOf(table, 'GetUser').slice(6)).toEqual(['1.25 !', '10', '3 × UNAVAILABLE'])
    expect(rowOf(table, 'GetPrompt').slice(6)).toEqual(['1.20', '10', 'none'])
  })

  test('compares each round with itself, so that what the machine does in one round does not count', () => {
    const rounds = [
      { small: latency(1, 2), large: latency(1, 2.2) },
      { small: latency(10, 20), large: latency(10, 22) },
      { small: latency(1, 2), large: latency(4, 8) },
    ]
    const { p50, p99, small } = ratioOf('GetUser', rounds)
    expect([p50, p99]).toEqual([1, 1.1])
    expect(small).toEqual({ p50: 1, p99: 2, calls: 30, errors: {} })
  })

  test('says whether a partitioned copy takes what is unique twice', () => {
    const one = { what: 'by id', plain: { ms: 1, pages: 4 }, parted: { ms: 2, pages: 16 } }
    const question = { title: 'users by region', compared: [one], plainBytes: 1e6, partedBytes: 2e6 }
    expect(rowOf(partitionTable({ ...question, takesTwice: true }), 'by id')).toEqual([
      'by id',
      '1.000',
      '4',
      '2.000',
      '16',
      '2.00',
    ])
    expect(partitionTable({ ...question, takesTwice: true })).toContain('takes what is unique a second time')
    expect(partitionTable({ ...question, takesTwice: false })).toContain('refuses what is unique a second time')
  })

  test('has a line for each node of a plan that looked at pages of something', () => {
    const node = { 'Actual Rows': 2, 'Actual Loops': 3, 'Shared Hit Blocks': 4, 'Shared Read Blocks': 1 }
    const nodes = [
      { ...node, 'Node Type': 'Limit' },
      { ...node, 'Node Type': 'Sort' },
      { ...node, 'Node Type': 'Index Scan', 'Index Name': 'users_pkey' },
    ]
    expect(planLines(nodes)).toEqual(['  Limit: 6 rows, 5 pages', '  Index Scan on users_pkey: 6 rows, 5 pages'])
  })
})

test('a block of the page is replaced, and one that is not there yet is added', () => {
  const page = withBlock(withBlock('# Scale\n', '10', 'old'), '20', 'other')
  const changed = withBlock(page, '10', 'new')
  expect(changed).toContain('<!-- scale 10: begin -->\n\nnew\n\n<!-- scale 10: end -->')
  expect(changed).toContain('other')
  expect(changed).not.toContain('old')
})

describe('the command line', () => {
  test('has a default for each option', () => {
    expect(readOptions([])).toEqual({ users: 10_000, small: 1000, seconds: 2, rounds: 5 })
  })

  test.each([
    [['--users', 'many'], 'many is not a whole number above 0'],
    [['--users', '1000'], 'the larger number must be the first'],
    [['--small', '10'], 'at least 50'],
  ])('refuses %j', (args, message) => {
    expect(() => readOptions(args)).toThrow(message)
  })
})
