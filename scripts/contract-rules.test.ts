import { describe, expect, test } from '@jest/globals'
import { clone, create, type MessageInitShape, setExtension, toBinary } from '@bufbuild/protobuf'
import {
  type DescriptorProto,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FieldDescriptorProtoSchema,
  FieldOptionsSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt'
import { field as rulesOption, FieldRulesSchema } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js'
import { testContract } from '../services/chassis/testing/contract.ts'
import { type Contract, loadContract, type Method, readContract } from '../services/contracts/contract.ts'
import { Policy_Caller as Who, Policy_Scope as Scope } from '../services/contracts/gen/promptforge/access/v1/access.ts'
import { contractMistakes, unkindTexts, unlimitedFields } from './contract-rules.ts'

const contract = loadContract()
const SERVICE = 'promptforge.prompt.v1.PromptService'
const getPrompt = contract.methods.get(`/${SERVICE}/GetPrompt`)!
const deletePrompt = contract.methods.get(`/${SERVICE}/DeletePrompt`)!

test('the contract has no mistake, nor has that of the tests', () => {
  expect(contractMistakes(contract)).toEqual([])
  expect(contractMistakes(testContract())).toEqual([])
})

describe('of methods it is said', () => {
  const mistakesOf = (...methods: Method[]) =>
    contractMistakes({ ...contract, methods: new Map(methods.map((method) => [method.path, method])) })

  test.each<Method['policy']>([undefined, { caller: 0, services: [], withoutUser: false, scope: 0 }])(
    'that one has no policy: %j',
    (policy) => {
      expect(mistakesOf({ ...getPrompt, policy }, deletePrompt)).toEqual([
        `${SERVICE}.GetPrompt has no policy: write in it who may call it, \`option (promptforge.access.v1.policy) = {caller: USER};\``,
      ])
    },
  )

  test('that one is for services alone and names a scope of API keys', () => {
    const internal = { caller: Who.INTERNAL, services: [], withoutUser: false }
    expect(mistakesOf({ ...getPrompt, policy: { ...internal, scope: Scope.UNSPECIFIED } })).toEqual([])
    expect(mistakesOf({ ...getPrompt, policy: { ...internal, scope: Scope.PROMPTS_READ } })).toEqual([
      `${SERVICE}.GetPrompt is INTERNAL and names a scope: remove it, for the method that the user called has checked it`,
    ])
  })

  test('that one changes nothing and says that it writes into the audit log', () => {
    expect(mistakesOf({ ...deletePrompt, audited: 1 })).toEqual([])
    expect(mistakesOf({ ...getPrompt, audited: 1 })).toEqual([
      `${SERVICE}.GetPrompt cannot write into the audit log: only a unary method that changes something can`,
    ])
  })

  test('that two have the same route, whatever its variables are called', () => {
    const [route] = getPrompt.routes
    const taken = { ...route!, path: '/v1/prompts/{id}' }
    const other = { ...route!, path: '/v1/prompts/{id}:other' }
    const posted = { ...taken, verb: 'POST' }
    expect(mistakesOf(getPrompt, { ...deletePrompt, routes: [other, posted] })).toEqual([])
    expect(mistakesOf(getPrompt, { ...deletePrompt, routes: [other, taken] })).toEqual([
      `${SERVICE}.GetPrompt (GET /v1/prompts/{prompt_id}) and ${SERVICE}.DeletePrompt (GET /v1/prompts/{id}) have the same REST route: ` +
        'give each a path of its own in its `google.api.http` option',
    ])
  })

  test.each(['X-Signature', 'authorization', 'x-pf-user', 'x-envoy-peer', 'grpc-timeout', 'key-bin', 'a b'])(
    'that its handler cannot read the header %s',
    (name) => {
      expect(mistakesOf({ ...getPrompt, headers: ['stripe-signature'] })).toEqual([])
      const [mistake] = mistakesOf({ ...getPrompt, headers: ['stripe-signature', name] })
      expect(mistake).toContain(`${SERVICE}.GetPrompt asks for the header ${name}, which handlers cannot read`)
    },
  )
})

test('of a method it is said that it answers with bytes of no type', () => {
  const getJwks = contract.methods.get('/promptforge.auth.v1.AuthService/GetJwks')!
  const [mistake] = contractMistakes({ ...contract, methods: new Map([['x', { ...getJwks, contentType: '' }]]) })
  expect(mistake).toContain('AuthService.GetJwks has a google.api.HttpBody and does not say of which type')
})

describe('of fields it is said that they have no limit', () => {
  type Rules = MessageInitShape<typeof FieldRulesSchema>['type']
  type Field = { type: Type; label?: Label; rules?: Rules; typeName?: string }

  /** What is wrong when a message has this field more. */
  function mistakesWith(file: string, message: string, { rules, ...field }: Field): string[] {
    const set = clone(FileDescriptorSetSchema, contract.set)
    const { messageType } = set.file.find(({ name }) => name === `promptforge/prompt/v1/${file}.proto`)!
    const options = create(FieldOptionsSchema)
    if (rules) setExtension(options, rulesOption, create(FieldRulesSchema, { type: rules }))
    const extra = { name: 'extra', jsonName: 'extra', number: 99, label: Label.OPTIONAL, options, ...field }
    messageOf(messageType, message).field.push(create(FieldDescriptorProtoSchema, extra))
    return unlimitedFields(changed(set))
  }

  const messageOf = (messages: DescriptorProto[], name: string) => messages.find((message) => message.name === name)!
  const changed = (set: Contract['set']) => readContract(toBinary(FileDescriptorSetSchema, set))
  const inRequest = (field: Field) => mistakesWith('prompt_service', 'CreatePromptRequest', field)
  const write = (rules: string | string[], message = 'CreatePromptRequest') => {
    const written = [rules].flat().map((rule) => `\`[(buf.validate.field).${rule} = …]\``)
    return [`promptforge.prompt.v1.${message}.extra has no limit: write after it ${written.join(' and ')}`]
  }

  const [string, bytes, repeated] = [{ type: Type.STRING }, { type: Type.BYTES }, Label.REPEATED]
  const text = (value: object): Rules => ({ case: 'string', value })

  test('strings and bytes', () => {
    expect(inRequest(string)).toEqual(write('string.max_len'))
    expect(inRequest(bytes)).toEqual(write('bytes.max_len'))
    expect(inRequest({ ...string, rules: text({ minLen: 1n }) })).toEqual(write('string.max_len'))
    expect(inRequest({ type: Type.INT32 })).toEqual([])
  })

  test('not those that have one', () => {
    const limits = [{ maxLen: 5n }, { maxBytes: 5n }, { len: 5n }, { in: ['a'] }, { const: 'a' }, { uuid: true }]
    for (const limit of limits) {
      const [rules] = 'uuid' in limit ? [text({ wellKnown: { case: 'uuid', value: true } })] : [text(limit)]
      expect([limit, inRequest({ ...string, rules })]).toEqual([limit, []])
    }
    expect(inRequest({ ...bytes, rules: { case: 'bytes', value: { maxLen: 5n } } })).toEqual([])
  })

  test.each([
    ['^[0-9]{1,18}$', true],
    ['^(a|b[*+]{2})\\*$', true],
    ['[0-9]{1,18}', false],
    ['^[0-9]+$', false],
    ['^[0-9]{2,}$', false],
    ['^a|b$', false],
  ])('a pattern is one where it leaves nothing open: %s', (pattern, isLimit) => {
    expect(inRequest({ ...string, rules: text({ pattern }) })).toEqual(isLimit ? [] : write('string.max_len'))
  })

  test('lists, and what is in them', () => {
    const [count, item] = ['repeated.max_items', 'repeated.items.string.max_len']
    const list = (value: object): Rules => ({ case: 'repeated', value })
    const items = { type: { case: 'string', value: { maxLen: 5n } } }
    const strings = { ...string, label: repeated }
    expect(inRequest(strings)).toEqual(write([count, item]))
    expect(inRequest({ ...strings, rules: list({ maxItems: 5n }) })).toEqual(write(item))
    expect(inRequest({ ...strings, rules: list({ items }) })).toEqual(write(count))
    expect(inRequest({ ...strings, rules: list({ maxItems: 5n, items }) })).toEqual([])
    expect(inRequest({ type: Type.INT32, label: repeated })).toEqual(write(count))
  })

  test('at any depth of a request, and not in answers', () => {
    expect(mistakesWith('prompt', 'Variable', string)).toEqual(write('string.max_len', 'Variable'))
    expect(mistakesWith('prompt', 'Prompt', string)).toEqual([])
    const ids = { ...string, label: repeated }
    expect(mistakesWith('prompt_service', 'ListPromptsResponse', ids)).toEqual([])
  })

  test('a limit that goes is missed', () => {
    const set = clone(FileDescriptorSetSchema, contract.set)
    const fields = set.file.flatMap(({ messageType }) => messageOf(messageType, 'GetPromptRequest')?.field ?? [])
    delete fields[0]!.options
    expect(unlimitedFields(changed(set))).toEqual([
      'promptforge.prompt.v1.GetPromptRequest.prompt_id has no limit: write after it `[(buf.validate.field).string.max_len = …]`',
    ])
  })
})

test('of a text it is said that it does not say what it is for, if no rule does', () => {
  const set = clone(FileDescriptorSetSchema, contract.set)
  const { messageType } = set.file.find(({ name }) => name === 'promptforge/prompt/v1/prompt_service.proto')!
  for (const { field } of messageType) for (const { options } of field) if (options) delete options.$unknown
  expect(contractMistakes(readContract(toBinary(FileDescriptorSetSchema, set)))).toEqual(
    expect.arrayContaining([
      'promptforge.prompt.v1.CreatePromptRequest.title does not say what its text is for: write after it `[(promptforge.text.v1.kind) = …]`',
      'promptforge.prompt.v1.CreatePromptRequest.tags does not say what its text is for: write after it `[(promptforge.text.v1.kind) = …]`',
    ]),
  )
  expect(unkindTexts(contract)).toEqual([])
})
