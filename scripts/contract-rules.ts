import {
  type DescExtension,
  type DescField,
  type DescMessage,
  getExtension,
  getOption,
  hasExtension,
  isFieldSet,
  type Message,
  ScalarType,
} from '@bufbuild/protobuf'
import {
  BytesRulesSchema,
  type FieldRules,
  field as fieldOption,
  MapRulesSchema,
  predefined,
  RepeatedRulesSchema,
  StringRulesSchema,
} from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js'
import { type Contract, type Method, textKindOf } from '../services/contracts/contract.ts'
import { Policy_Caller as Who, Policy_Scope as Scope } from '../services/contracts/gen/promptforge/access/v1/access.ts'

/** What is wrong with the contract that its compiler does not see, a sentence each; `npm run check` shows them. */
export const contractMistakes = (contract: Contract): string[] => [
  ...methodsWithoutPolicy(contract),
  ...scopesBetweenServices(contract),
  ...auditedReads(contract),
  ...sharedRoutes(contract),
  ...unreadableHeaders(contract),
  ...untypedBodies(contract),
  ...unlimitedFields(contract),
  ...unkindTexts(contract),
]

/** Methods that do not say who may call them. */
export const methodsWithoutPolicy = ({ methods }: Contract): string[] =>
  [...methods.values()]
    .filter(({ policy }) => !policy || policy.caller === Who.UNSPECIFIED)
    .map(
      (method) =>
        `${fullName(method)} has no policy: write in it who may call it, \`option (promptforge.access.v1.policy) = {caller: USER};\``,
    )

/** Methods for services alone that name a scope, which would never be looked at. */
export const scopesBetweenServices = ({ methods }: Contract): string[] =>
  [...methods.values()]
    .filter(({ policy }) => policy?.caller === Who.INTERNAL && policy.scope !== Scope.UNSPECIFIED)
    .map(
      (method) =>
        `${fullName(method)} is INTERNAL and names a scope: remove it, for the method that the user called has checked it`,
    )

/** Methods that change nothing, or are a stream, and say that they write into the audit log. */
export const auditedReads = ({ methods }: Contract): string[] =>
  [...methods.values()]
    .filter(({ audited, readOnly, serverStreaming }) => audited !== undefined && (readOnly || serverStreaming))
    .map(
      (method) => `${fullName(method)} cannot write into the audit log: only a unary method that changes something can`,
    )

/** REST routes that match the same requests: verb and path are equal but for the names of variables. */
export function sharedRoutes({ methods }: Contract): string[] {
  const routes = [...methods.values()].flatMap((method) =>
    method.routes.map(({ verb, path }) => ({ name: fullName(method), request: `${verb} ${path}` })),
  )
  const groups = Map.groupBy(routes, ({ request }) => request.replaceAll(/\{[^}]*\}/g, '{}'))
  return [...groups.values()]
    .filter((group) => group.length > 1)
    .map((group) => {
      const claims = group.map(({ name, request }) => `${name} (${request})`)
      return `${claims.join(' and ')} have the same REST route: give each a path of its own in its \`google.api.http\` option`
    })
}

/** Headers that a method asks for and its handler would never see, or not as text. */
export const unreadableHeaders = ({ methods }: Contract): string[] =>
  [...methods.values()].flatMap((method) =>
    method.headers
      .filter((name) => !/^[a-z0-9-]+$/.test(name) || /^(x-pf-|x-envoy-|grpc-|authorization$)|-bin$/.test(name))
      .map(
        (name) =>
          `${fullName(method)} asks for the header ${name}, which handlers cannot read: name one in lower case that is neither \`authorization\`, nor \`x-pf-…\`, \`x-envoy-…\` or \`grpc-…\`, nor \`…-bin\``,
      ),
  )

/** Methods that answer with bytes of a type, or take them, and do not say which type: the reference of the API could not either. */
export const untypedBodies = ({ methods }: Contract): string[] =>
  [...methods.values()]
    .filter(({ contentType, input, output }) => contentType === '' && (isBody(output) || input.fields.some(hasBody)))
    .map(
      (method) =>
        `${fullName(method)} has a google.api.HttpBody and does not say of which type: write \`content_type\` into its \`(promptforge.method.v1.facts)\``,
    )

const isBody = ({ typeName }: DescMessage) => typeName === 'google.api.HttpBody'
const hasBody = ({ message }: DescField) => message !== undefined && isBody(message)

/**
 * String, bytes, repeated and map fields without a limit in any message of ours that is part of a request. In messages of others
 * (`google.api.HttpBody`) only the largest request is the limit.
 */
export function unlimitedFields(contract: Contract): string[] {
  const messages = new Set<DescMessage>()
  for (const { input } of contract.methods.values()) collect(input, messages)
  const bounded = boundedStringRules(contract)
  return [...messages].flatMap((message) =>
    message.fields.flatMap((field) => {
      const rules = missingLimits(field, bounded).map((rule) => `\`[(buf.validate.field).${rule}]\``)
      return rules.length > 0
        ? [`${message.typeName}.${field.name} has no limit: write after it ${rules.join(' and ')}`]
        : []
    }),
  )
}

/** Texts of requests that do not say what they are for, and have no other form: a pattern, or a rule such as `email` or `id`. */
export function unkindTexts(contract: Contract): string[] {
  const messages = new Set<DescMessage>()
  for (const { input } of contract.methods.values()) collect(input, messages)
  const forms = formsOf(contract)
  return [...messages].flatMap((message) =>
    message.fields
      .filter((field) => field.scalar === ScalarType.STRING && field.fieldKind !== 'map')
      .filter((field) => textKindOf(contract, field) === 0 && !hasForm(field, forms))
      .map(
        (field) =>
          `${message.typeName}.${field.name} does not say what its text is for: write after it \`[(promptforge.text.v1.kind) = …]\``,
      ),
  )
}

function hasForm(field: DescField, forms: DescExtension[]): boolean {
  const { type } = getOption(field, fieldOption) as FieldRules
  const rules = type.case === 'repeated' ? type.value.items?.type : type
  if (rules?.case !== 'string') return false
  const { pattern, wellKnown, in: values } = rules.value
  return (
    pattern !== '' ||
    wellKnown.case !== undefined ||
    values.length > 0 ||
    forms.some((form) => hasExtension(rules.value, form))
  )
}

const fullName = ({ service, name }: Method) => `${service}.${name}`

function collect(message: DescMessage, found: Set<DescMessage>) {
  if (found.has(message) || !message.typeName.startsWith('promptforge.')) return
  found.add(message)
  for (const field of message.fields) if (field.message) collect(field.message, found)
}

/** The rules that would limit a field, as they are written; none where it is limited. */
function missingLimits(field: DescField, bounded: DescExtension[]): string[] {
  const { type } = getOption(field, fieldOption) as FieldRules
  switch (field.fieldKind) {
    case 'scalar':
      return missingScalar(field.scalar, type, bounded)
    case 'list': {
      const rules = type.case === 'repeated' ? type.value : undefined
      const count = rules && isFieldSet(rules, RepeatedRulesSchema.field.maxItems) ? [] : ['repeated.max_items = …']
      const items = field.listKind === 'scalar' ? missingScalar(field.scalar, rules?.items?.type, bounded) : []
      return [...count, ...items.map((rule) => `repeated.items.${rule}`)]
    }
    case 'map': {
      const rules = type.case === 'map' ? type.value : undefined
      const count = rules && isFieldSet(rules, MapRulesSchema.field.maxPairs) ? [] : ['map.max_pairs = …']
      const keys = missingScalar(field.mapKey, rules?.keys?.type, bounded)
      const values = field.mapKind === 'scalar' ? missingScalar(field.scalar, rules?.values?.type, bounded) : []
      return [...count, ...keys.map((rule) => `map.keys.${rule}`), ...values.map((rule) => `map.values.${rule}`)]
    }
    case 'enum':
    case 'message':
      return []
  }
}

type Rules = FieldRules['type'] | undefined

function missingScalar(scalar: ScalarType, rules: Rules, bounded: DescExtension[]): string[] {
  if (scalar === ScalarType.STRING)
    return rules?.case === 'string' && isLimited(rules.value, bounded) ? [] : ['string.max_len = …']
  if (scalar === ScalarType.BYTES) return rules?.case === 'bytes' && limits(rules.value) ? [] : ['bytes.max_len = …']
  return []
}

function limits(rules: Message): boolean {
  const { field } = rules.$typeName === 'buf.validate.StringRules' ? StringRulesSchema : BytesRulesSchema
  const names = ['maxLen', 'len', 'maxBytes', 'lenBytes', 'const', 'in', 'uuid'] as const
  const fields = field as Partial<Record<string, DescField>>
  return names.some((name) => fields[name] !== undefined && isFieldSet(rules, fields[name]))
}

const isLimited = (rules: Message & { pattern?: string }, bounded: DescExtension[]) =>
  limits(rules) ||
  isBounded(rules.pattern ?? '') ||
  bounded.some((rule) => hasExtension(rules, rule) && getExtension(rules, rule) === true)

/** Rules of texts with a name of ours: `promptforge.rules.v1.id`. */
const formsOf = ({ registry }: Contract): DescExtension[] =>
  [...registry].filter(
    (desc): desc is DescExtension => desc.kind === 'extension' && desc.extendee.typeName === StringRulesSchema.typeName,
  )

/** Those whose pattern is a limit. */
const boundedStringRules = (contract: Contract): DescExtension[] =>
  formsOf(contract).filter((desc) =>
    getOption(desc, predefined).cel.some(({ expression }) =>
      isBounded(/matches\('(.*)'\)/.exec(expression)?.[1] ?? ''),
    ),
  )

/** A regular expression of the whole text without anything that may be repeated for ever. */
function isBounded(pattern: string): boolean {
  const outline = pattern.replaceAll(/\\./g, 'c').replaceAll(/\[[^\]]*\]/g, 'c')
  if (!/^\^.*\$$/.test(outline) || /[*+]|\{\d+,\}/.test(outline)) return false
  return !outline.replaceAll(/\([^()]*\)/g, '').includes('|') // `^a|b$` is of the whole text on neither side
}
