import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { type Variable, Variable_Type, VariableWarning_Kind } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import { type Person, type PromptTest, startPromptService } from './harness.ts'

let service: PromptTest
let ann: Person

beforeAll(async () => {
  service = await startPromptService()
  ann = await service.person('ann')
})
afterAll(() => service.stop())

const variable = (name: string, fields: Partial<Variable> = {}): Variable => ({
  name,
  type: Variable_Type.TEXT,
  description: '',
  required: false,
  options: [],
  ...fields,
})
const render = (promptId: string, values: Record<string, string>, caller = ann) =>
  service.prompts.renderPrompt({ promptId, values }, caller.as)

describe('RenderPrompt', () => {
  test('puts values into the head version, and says which that is', async () => {
    const variables = [
      variable('topic', { required: true }),
      variable('words', { type: Variable_Type.NUMBER, defaultValue: '200' }),
      variable('tone', { type: Variable_Type.ENUM, options: ['dry', 'warm'] }),
    ]
    const { id } = await service.create(ann, { content: 'old' })
    await service.prompts.updatePrompt(
      { promptId: id, content: '{{words}} {{tone}} words on {{topic}}', variables: { values: variables }, changes: '' },
      ann.as,
    )
    expect(await render(id, { topic: '{{tone}} $&', tone: 'dry' })).toEqual({
      text: '200 dry words on {{tone}} $&',
      version: 2,
    })
    const refused = await rejection(render(id, { tone: 'loud', nothing: 'x' }))
    expect(refused.code).toBe(status.INVALID_ARGUMENT)
    expect(refused.violations.map(({ field }) => field)).toEqual([
      'values["topic"]',
      'values["tone"]',
      'values["nothing"]',
    ])
  })

  test('is there for anyone who may read the head version, and for nobody else', async () => {
    const { id } = await service.create(ann, { content: 'secret {{a}}' })
    const bob = await service.person('bob')
    expect((await service.prompts.renderPrompt({ promptId: id, values: {} })).text).toBe('secret {{a}}')
    await service.set(id, { is_public: false, version: 3 })
    expect(await rejection(render(id, {}, bob))).toMatchObject({ code: status.NOT_FOUND, message: 'no such prompt' })
    await service.entitle(id, bob.userId, { maxVersion: 2 })
    expect(await rejection(render(id, {}, bob))).toMatchObject({ code: status.NOT_FOUND, message: 'no such version' })
    await service.entitle(id, bob.userId, {})
    expect((await render(id, {}, bob)).text).toBe('secret {{a}}')
  })
})

describe('variables', () => {
  test('that are not declared, or not used, are told to the author, and nothing is refused', async () => {
    const { prompt, warnings } = await service.prompts.createPrompt(
      {
        title: 'T',
        content: '{{a}} {{b}}',
        description: '',
        category: '',
        tags: [],
        model: '',
        variables: [variable('a'), variable('c')],
      },
      ann.as,
    )
    expect(warnings).toEqual([
      { kind: VariableWarning_Kind.UNUSED, name: 'c' },
      { kind: VariableWarning_Kind.UNDECLARED, name: 'b' },
    ])
    const updated = await service.prompts.updatePrompt(
      { promptId: prompt!.id, content: '{{a}} {{c}}', changes: '' },
      ann.as,
    )
    expect(updated.warnings).toEqual([])
  })

  test.each<[string, Variable, string]>([
    ['an ENUM without options', variable('a', { type: Variable_Type.ENUM }), 'variables[0]'],
    ['a TEXT with options', variable('a', { options: ['x'] }), 'variables[0]'],
    ['an option twice', variable('a', { type: Variable_Type.ENUM, options: ['x', 'x'] }), 'variables[0].options'],
    ['a name of JavaScript’s own', variable('__proto__'), 'variables[0].name'],
    [
      'a default of the wrong type',
      variable('a', { type: Variable_Type.BOOLEAN, defaultValue: 'yes' }),
      'variables[0].default_value',
    ],
  ])('are refused: %s', async (_, wrong, field) => {
    const { violations } = await rejection(service.create(ann, { variables: [wrong] }))
    expect(violations.map((violation) => violation.field)).toEqual([field])
  })
})
