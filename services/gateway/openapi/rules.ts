import {
  type DescEnum,
  type DescEnumValue,
  type DescExtension,
  type DescField,
  type DescMessage,
  type DescOneof,
  getExtension,
  getOption,
  hasExtension,
  type Message,
} from '@bufbuild/protobuf'
import {
  type FieldRules,
  field as fieldOption,
  Ignore,
  message as messageOption,
  oneof as oneofOption,
  predefined,
  type StringRules,
  StringRulesSchema,
} from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js'
import { FeatureSet_FieldPresence as Presence } from '@bufbuild/protobuf/wkt'
import type { Contract } from '#contracts/contract.ts'
import type { Json } from './json.ts'

/** The rules of one value: of a field, an item of a list, or a key or value of a map. */
export type Rules = FieldRules | undefined

/** What `buf.validate` says of a field. */
export const rulesOf = (field: DescField): FieldRules => getOption(field, fieldOption) as FieldRules

/** Whether one of a oneof's members must be there. */
export const isRequiredOneof = (oneof: DescOneof): boolean =>
  (getOption(oneof, oneofOption) as { required?: boolean }).required ?? false

/** Sentences for the rules that JSON Schema cannot say. */
export const rulesInWords = (of: DescField | DescMessage): string[] => {
  const rules = (of.kind === 'field' ? rulesOf(of) : getOption(of, messageOption)) as Pick<FieldRules, 'cel'>
  return rules.cel.map(({ message }) => `Rule: ${message}.`)
}

/** The constraints of a scalar or an enum's value, as keywords of JSON Schema. */
export function keywordsOf(rules: Rules, contract: Contract): Json {
  if (!rules) return {}
  const { type } = rules
  const keywords = type.case === 'string' ? stringKeywords(type.value, contract) : otherKeywords(type)
  const emptyIsIgnored = rules.ignore === Ignore.IF_ZERO_VALUE && type.case === 'string'
  return emptyIsIgnored && Object.keys(keywords).length > 0 ? { anyOf: [{ maxLength: 0 }, keywords] } : keywords
}

/** Constraints of a list or a map itself. */
export function countKeywords({ type }: FieldRules): Json {
  if (type.case === 'repeated') {
    const { minItems, maxItems, unique } = type.value
    return {
      ...(minItems && { minItems: Number(minItems) }),
      ...(maxItems && { maxItems: Number(maxItems) }),
      ...(unique && { uniqueItems: true }),
    }
  }
  if (type.case !== 'map') return {}
  const { minPairs, maxPairs } = type.value
  return { ...(minPairs && { minProperties: Number(minPairs) }), ...(maxPairs && { maxProperties: Number(maxPairs) }) }
}

/** Whether a request without the field is refused: its zero value, which an absent field has, breaks a rule. */
export function isRequired(field: DescField, contract: Contract): boolean {
  const rules = rulesOf(field)
  if (rules.required) return true
  if (field.presence !== Presence.IMPLICIT || rules.ignore !== Ignore.UNSPECIFIED) return false
  const { type } = rules
  if (type.case === 'string') return refusesEmpty(type.value, contract)
  if (type.case === 'enum')
    return type.value.notIn.includes(0) || (type.value.in.length > 0 && !type.value.in.includes(0))
  if (type.case === 'bool') return type.value.const
  const { minLength, minItems, minProperties, minimum, exclusiveMinimum } = {
    ...numberKeywords(type),
    ...countKeywords(rules),
  }
  return (
    [minLength, minItems, minProperties, minimum].some((least) => Number(least ?? 0) > 0) ||
    Number(exclusiveMinimum ?? -1) >= 0
  )
}

/** The rules of a single value of a field: of an item of a list, of a value of a map. */
export function itemRules(field: DescField): Rules {
  const rules = rulesOf(field)
  if (rules.type.case === 'repeated') return rules.type.value.items
  return rules.type.case === 'map' ? rules.type.value.values : rules
}

/** The values of an enum that these rules allow. */
export function enumValues({ values }: DescEnum, rules: Rules): DescEnumValue[] {
  const { type } = rules ?? {}
  if (type?.case !== 'enum') return values
  const { in: allowed, notIn } = type.value
  return values.filter(({ number }) => (allowed.length === 0 || allowed.includes(number)) && !notIn.includes(number))
}

function stringKeywords(rules: StringRules, contract: Contract): Json {
  const patterns = [...(rules.pattern ? [rules.pattern] : []), ...affixes(rules), ...namedPatterns(rules, contract)]
  const nots = namedExceptions(rules, contract)
  const minLength = Number(rules.len || rules.minLen) || (rules.minBytes ? 1 : 0)
  const maxLength = Number(rules.len || rules.maxLen || rules.maxBytes || rules.lenBytes)
  const [pattern, ...more] = patterns
  const all = [...more.map((one) => ({ pattern: one })), ...nots.map((not) => ({ not }))]
  return {
    ...(minLength > 0 && { minLength }),
    ...(maxLength > 0 && { maxLength }),
    ...(pattern !== undefined && { pattern }),
    ...(rules.wellKnown.case === 'email' && { format: 'email' }),
    ...(rules.wellKnown.case === 'uri' && { format: 'uri' }),
    ...(rules.wellKnown.case === 'uuid' && { format: 'uuid' }),
    ...(rules.in.length > 0 && { enum: rules.in }),
    ...(all.length > 0 && { allOf: all }),
  }
}

const escaped = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')

const affixes = ({ prefix, suffix, contains }: StringRules) => [
  ...(prefix ? [`^${escaped(prefix)}`] : []),
  ...(suffix ? [`${escaped(suffix)}$`] : []),
  ...(contains ? [escaped(contains)] : []),
]

/** The named rules of ours (`promptforge.rules.v1.id`) that a text must keep, as their CEL expressions. */
function namedExpressions(rules: Message, { registry }: Contract): string[] {
  return [...registry]
    .filter((desc): desc is DescExtension => desc.kind === 'extension')
    .filter(({ extendee }) => extendee.typeName === StringRulesSchema.typeName)
    .filter((desc) => hasExtension(rules, desc) && getExtension(rules, desc) === true)
    .flatMap((desc) => getOption(desc, predefined).cel.map(({ expression }) => expression))
}

const namedPatterns = (rules: StringRules, contract: Contract) =>
  namedExpressions(rules, contract).flatMap((text) => /\|\| this\.matches\('(.*)'\)$/.exec(text)?.[1] ?? [])

function namedExceptions(rules: StringRules, contract: Contract): Json[] {
  return namedExpressions(rules, contract).flatMap((text): Json[] => {
    const [, pattern] = /\|\| !this\.matches\('(.*)'\)$/.exec(text) ?? []
    const [, value] = /\|\| this != '(.*)'$/.exec(text) ?? []
    return [...(pattern === undefined ? [] : [{ pattern }]), ...(value === undefined ? [] : [{ const: value }])]
  })
}

function refusesEmpty(rules: StringRules, contract: Contract): boolean {
  const { pattern, allOf, enum: values, minLength, format } = stringKeywords(rules, contract)
  if (minLength !== undefined || format !== undefined || (Array.isArray(values) && !values.includes(''))) return true
  const patterns = [pattern, ...((allOf as Json[] | undefined) ?? []).map((one) => one['pattern'])]
  return patterns.some((one) => typeof one === 'string' && !new RegExp(one, 'u').test(''))
}

function otherKeywords(type: FieldRules['type']): Json {
  if (type.case === 'bool') return type.value.const ? { const: true } : {}
  // Base64 takes four characters for three bytes.
  if (type.case === 'bytes') return type.value.maxLen ? { maxLength: 4 * Math.ceil(Number(type.value.maxLen) / 3) } : {}
  // An integer of 64 bits has its own in values.ts: it may be a text.
  return type.case === 'int64' || type.case === 'uint64' ? {} : numberKeywords(type)
}

/** The bounds of a number. */
export function numberKeywords(type: FieldRules['type']): Json {
  const isNumber =
    type.case === 'int32' ||
    type.case === 'uint32' ||
    type.case === 'int64' ||
    type.case === 'uint64' ||
    type.case === 'double' ||
    type.case === 'float'
  if (!isNumber) return {}
  const { greaterThan, lessThan, in: values } = type.value
  return {
    ...(greaterThan.case === 'gte' && { minimum: Number(greaterThan.value) }),
    ...(greaterThan.case === 'gt' && { exclusiveMinimum: Number(greaterThan.value) }),
    ...(lessThan.case === 'lte' && { maximum: Number(lessThan.value) }),
    ...(lessThan.case === 'lt' && { exclusiveMaximum: Number(lessThan.value) }),
    ...(values.length > 0 && { enum: values.map(Number) }),
  }
}
