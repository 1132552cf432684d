import { expect, test } from '@jest/globals'
import { Variable, Variable_Type as Type } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import { MAX_RENDERED_CHARACTERS, placeholdersOf, render } from './render.ts'

const variable = (fields: Partial<Variable>) => Variable.fromPartial({ type: Type.TEXT, ...fields })
const refusal = (...sentences: string[]) => expect.objectContaining({ message: sentences.join('; ') })

test('a value stands in the place of each of its placeholders', () => {
  const template = { content: '{{greeting}}, {{name}}! {{greeting}}!', variables: [] }
  expect(render(template, { greeting: 'Hello', name: 'Ann' })).toBe('Hello, Ann! Hello!')
})

test.each(['{{other}}', '{{a}}', '$&', '$1 $$ $`', '{# x', '{% if %}', '\\', '{{', '}}', '<b>', ''])(
  'the value %j is inserted as it is, and never expanded again',
  (value) => {
    const template = { content: 'a{{a}}b{{other}}', variables: [] }
    expect(render(template, { a: value, other: '-' })).toBe(`a${value}b-`)
  },
)

test('two values do not make a placeholder of their parts', () => {
  const template = { content: '{{a}}{{b}} {{{a}}}', variables: [] }
  expect(render(template, { a: '{', b: '{c}}' })).toBe('{{c}} {{}')
})

test('only {{name}} is a placeholder', () => {
  const content = '{{ a }} {a} {{a.b}} {{1a}} {{}} {{a-b}} {{a|upper}} {{{a}}} {{ä}} {{#a}} {{a}}'
  expect(placeholdersOf(content)).toEqual(new Set(['a']))
  expect(render({ content, variables: [] }, { a: 'x' })).toBe(
    '{{ a }} {a} {{a.b}} {{1a}} {{}} {{a-b}} {{a|upper}} {x} {{ä}} {{#a}} x',
  )
})

test('without a value there is the default, else nothing; a placeholder that nothing declares stays', () => {
  const variables = [variable({ name: 'a', defaultValue: 'default' }), variable({ name: 'b' })]
  expect(render({ content: '{{a}}|{{b}}|{{c}}', variables }, {})).toBe('default||{{c}}')
  expect(render({ content: '{{a}}', variables }, { a: '' })).toBe('')
})

test('every value that is missing, of the wrong type, or of nothing is named', () => {
  const variables = [
    variable({ name: 'text', required: true }),
    variable({ name: 'with_default', required: true, defaultValue: 'x' }),
    variable({ name: 'number', type: Type.NUMBER }),
    variable({ name: 'flag', type: Type.BOOLEAN }),
    variable({ name: 'tone', type: Type.ENUM, options: ['dry', 'warm'] }),
  ]
  const values = { number: '1e', flag: 'yes', tone: 'loud', unknown: 'x' }
  expect(() => render({ content: '', variables }, values)).toThrow(
    refusal(
      'values["text"]: must be given',
      'values["number"]: must be a decimal number, as 12 or -0.5',
      'values["flag"]: must be true or false',
      'values["tone"]: must be one of "dry", "warm"',
      'values["unknown"]: is no variable of this prompt, nor in its content',
    ),
  )
})

test.each(['0', '12', '-3', '0.50', '-0.5', '123456789012345678901234567890'])('%s is a number', (value) => {
  const variables = [variable({ name: 'n', type: Type.NUMBER })]
  expect(render({ content: '{{n}}', variables }, { n: value })).toBe(value)
})

test.each(['', '+1', '01', '1.', '.5', '1,5', ' 1', '0x1', 'NaN', 'Infinity', '١'])(
  '%j is no number',
  async (value) => {
    const variables = [variable({ name: 'n', type: Type.NUMBER })]
    expect(() => render({ content: '{{n}}', variables }, { n: value })).toThrow('must be a decimal number')
  },
)

test('a text that would be too long is refused before it is made', () => {
  const fits = { content: '{{a}}'.repeat(50), variables: [] }
  expect(render(fits, { a: 'x'.repeat(20_000) })).toHaveLength(MAX_RENDERED_CHARACTERS)
  const longer = { content: '{{a}}'.repeat(40_000), variables: [] }
  expect(() => render(longer, { a: 'x'.repeat(20_000) })).toThrow(
    refusal('values: the text would have more than 1,000,000 characters'),
  )
})
