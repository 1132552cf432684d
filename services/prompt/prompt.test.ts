import { describe, expect, test } from '@jest/globals'
import {
  Access_Kind,
  type Variable,
  Variable_Type,
  VariableWarning_Kind,
} from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import {
  accessTo,
  firstPublicVersion,
  type Readable,
  readsHead,
  storedTags,
  storedVariables,
  variableWarnings,
} from './prompt.ts'

const prompt = (fields: Partial<Readable> = {}): Readable => ({
  user_id: 'owner',
  is_public: true,
  status: 'PUBLISHED',
  version: 5,
  public_from_version: 3,
  deleted_at: null,
  licences: null,
  ...fields,
})

const ranges = (...pairs: [number, number][]) => pairs.map(([from, to]) => ({ from, to }))

describe('firstPublicVersion', () => {
  test.each<[string, Partial<Readable>, number | undefined]>([
    ['a public prompt', {}, 3],
    ['an archived one', { status: 'ARCHIVED' }, 3],
    ['a private one', { is_public: false }, undefined],
    ['a draft', { status: 'DRAFT' }, undefined],
    ['a deleted one', { deleted_at: new Date() }, undefined],
    ['one that was sold, and is private', { is_public: false, licences: [[1, 5]] }, undefined],
  ])('of %s', (_, fields, expected) => {
    expect(firstPublicVersion(prompt(fields))).toBe(expected)
  })
})

describe('accessTo', () => {
  test('gives the owner every version', () => {
    const access = accessTo(prompt({ is_public: false, status: 'DRAFT' }), 'owner')
    expect(access).toEqual({ kind: Access_Kind.OWNER, readableVersions: ranges([1, 5]) })
  })

  test('gives anyone the versions from the first public one on', () => {
    const access = { kind: Access_Kind.PUBLIC, readableVersions: ranges([3, 5]) }
    expect(accessTo(prompt(), undefined)).toEqual(access)
    expect(accessTo(prompt({ status: 'ARCHIVED' }), 'somebody')).toEqual(access)
  })

  test.each<[string, Partial<Readable>]>([
    ['a private prompt', { is_public: false }],
    ['a draft', { status: 'DRAFT' }],
    ['a deleted prompt', { deleted_at: new Date() }],
  ])('gives nobody but the owner %s', (_, fields) => {
    expect(accessTo(prompt(fields), 'somebody')).toBeUndefined()
    expect(accessTo(prompt(fields), undefined)).toBeUndefined()
  })

  test('gives not even the owner a deleted prompt', () => {
    expect(accessTo(prompt({ deleted_at: new Date() }), 'owner')).toBeUndefined()
  })

  test.each<[string, Partial<Readable>]>([
    ['private', { is_public: false }],
    ['private and archived', { is_public: false, status: 'ARCHIVED' }],
    ['a draft', { status: 'DRAFT' }],
    ['deleted', { deleted_at: new Date() }],
  ])('gives a licensee the licensed versions of what is %s', (_, fields) => {
    const access = accessTo(prompt({ ...fields, licences: [[2, 4]] }), 'buyer')
    expect(access).toEqual({ kind: Access_Kind.LICENSED, readableVersions: ranges([2, 4]) })
  })

  test.each<[string, [number, number][], Access_Kind, [number, number][]]>([
    [
      'opens earlier versions',
      [[1, 1]],
      Access_Kind.LICENSED,
      [
        [1, 1],
        [3, 5],
      ],
    ],
    ['touches the public ones', [[1, 2]], Access_Kind.LICENSED, [[1, 5]]],
    ['opens nothing more', [[4, 5]], Access_Kind.PUBLIC, [[3, 5]]],
    [
      'is one of several, in any order',
      [
        [5, 5],
        [2, 2],
        [1, 1],
      ],
      Access_Kind.LICENSED,
      [[1, 5]],
    ],
  ])('joins public and licensed versions when the licence %s', (_, licences, kind, readable) => {
    expect(accessTo(prompt({ licences }), 'buyer')).toEqual({ kind, readableVersions: ranges(...readable) })
  })
})

test('readsHead tells whether the last range reaches the head', () => {
  const access = (...pairs: [number, number][]) => ({ kind: Access_Kind.LICENSED, readableVersions: ranges(...pairs) })
  expect(readsHead(access([1, 1], [3, 5]), 5)).toBe(true)
  expect(readsHead(access([1, 4]), 5)).toBe(false)
})

test('tags are stored sorted, each once', () => {
  expect(storedTags(['zeta', 'alpha', 'alpha', 'ärger'])).toEqual(['alpha', 'zeta', 'ärger'])
})

describe('storedVariables', () => {
  const variable = (fields: Partial<Variable> = {}): Variable => ({
    name: 'topic',
    type: Variable_Type.TEXT,
    description: '',
    required: false,
    options: [],
    ...fields,
  })

  const stored = (variables: Variable[]) => storedVariables(variables, 'variables')

  test('refuses a default that is not of its type', () => {
    const number = variable({ type: Variable_Type.NUMBER, defaultValue: 'many' })
    const tone = variable({ type: Variable_Type.ENUM, options: ['dry'], defaultValue: 'warm' })
    const violations = [
      { field: 'variables[1].default_value', description: 'must be a decimal number, as 12 or -0.5' },
      { field: 'variables[2].default_value', description: 'must be one of "dry"' },
    ]
    expect(() => stored([variable(), number, tone])).toThrow(expect.objectContaining({ violations }))
  })

  test('keeps an empty default apart from none', () => {
    expect(stored([variable(), variable({ name: 'tone', defaultValue: '' })])).toEqual([
      { name: 'topic', type: 'TEXT' },
      { name: 'tone', type: 'TEXT', defaultValue: '' },
    ])
  })

  test('takes up to 32 KiB of JSON, counted in bytes', () => {
    const around = Buffer.byteLength(JSON.stringify(stored([variable({ defaultValue: 'é' })]))) - 2
    const text = (bytes: number) => 'é'.repeat(Math.floor(bytes / 2)) + 'e'.repeat(bytes % 2)
    expect(() => stored([variable({ defaultValue: text(32_768 - around) })])).not.toThrow()
    expect(() => stored([variable({ defaultValue: text(32_769 - around) })])).toThrow('32 KiB')
  })
})

describe('variableWarnings', () => {
  const declared = (...names: string[]): Variable[] =>
    names.map((name) => ({ name, type: Variable_Type.TEXT, description: '', required: false, options: [] }))

  test('name what is not declared and what is not used', () => {
    expect(variableWarnings({ content: '{{used}} {{new}} {{new}}', variables: declared('used', 'idle') })).toEqual([
      { kind: VariableWarning_Kind.UNUSED, name: 'idle' },
      { kind: VariableWarning_Kind.UNDECLARED, name: 'new' },
    ])
  })

  test('are at most 100', () => {
    const content = Array.from({ length: 500 }, (_, i) => `{{v${i}}}`).join('')
    expect(variableWarnings({ content, variables: [] })).toHaveLength(100)
  })
})
