import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf'
import type { Json } from './json.ts'
import { numberKeywords, type Rules } from './rules.ts'

/** Which way a message goes: a request has what the caller chooses, a response what the gateway prints. */
export type Direction = 'request' | 'response'

/** The largest numbers, and how many digits those have that JSON cannot hold exactly. */
const INT32 = { minimum: -(2 ** 31), maximum: 2 ** 31 - 1 }
const UINT32 = { minimum: 0, maximum: 2 ** 32 - 1 }
const SIGNED = '^-?[0-9]{1,19}$'
const UNSIGNED = '^[0-9]{1,20}$'

/** A scalar as proto3 JSON has it. Integers of 64 bits are texts; in a request they may be numbers, too. */
export function scalarSchema(scalar: ScalarType, direction: Direction, rules?: Rules): Json {
  switch (scalar) {
    case ScalarType.STRING:
      return { type: 'string' }
    case ScalarType.BOOL:
      return { type: 'boolean' }
    case ScalarType.BYTES:
      return { type: 'string', contentEncoding: 'base64' }
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return { type: 'number' }
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return { type: 'integer', format: 'int32', ...(direction === 'request' && INT32) }
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return { type: 'integer', format: 'int64', ...(direction === 'request' && UINT32) }
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return longSchema('int64', isNatural(rules) ? UNSIGNED.replace('20', '19') : SIGNED, direction, rules)
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return longSchema('uint64', UNSIGNED, direction, rules)
  }
}

function longSchema(format: string, pattern: string, direction: Direction, rules: Rules): Json {
  if (direction === 'response') return { type: 'string', format, pattern }
  return { type: ['string', 'integer'], format, pattern, ...longBounds(rules) }
}

const longBounds = (rules: Rules): Json => (rules ? numberKeywords(rules.type) : {})

const isNatural = (rules: Rules) =>
  rules?.type.case === 'int64' &&
  rules.type.value.greaterThan.case !== undefined &&
  rules.type.value.greaterThan.value >= 0n

/** Messages that have a JSON form of their own; undefined for others. */
export function wellKnownSchema({ typeName }: DescMessage): Json | undefined {
  switch (typeName) {
    case 'google.protobuf.Timestamp':
      return { type: 'string', format: 'date-time' }
    case 'google.protobuf.Duration':
      return { type: 'string', pattern: '^-?[0-9]+(\\.[0-9]{1,9})?s$' }
    case 'google.protobuf.Struct':
      return { type: 'object' }
    case 'google.protobuf.Value':
      return {}
    case 'google.protobuf.ListValue':
      return { type: 'array', items: {} }
    case 'google.protobuf.Any':
      return { type: 'object', properties: { '@type': { type: 'string' } }, required: ['@type'] }
    case 'google.api.HttpBody':
      return {}
    default:
      if (typeName.startsWith('google.protobuf.') && typeName !== 'google.protobuf.Empty') {
        throw new Error(`${typeName} has a JSON form that the OpenAPI document does not know: describe it in values.ts`)
      }
      return undefined
  }
}

/**
 * The default that a comment states (`Default 20.`, `Default (0) 20;`, `Default: true.`), where it is a value of the field.
 */
export function defaultOf(comment: string, field: DescField): unknown {
  const [, word] = /\bDefault(?: \(0\))?:? `?([A-Za-z_]+|[\d,]+(?:\.\d+)?)`?(?=[.,;: ]|$)/.exec(comment) ?? []
  if (word === undefined) return undefined
  if (field.fieldKind === 'enum') return field.enum.values.find(({ name }) => name === word)?.name
  if (field.fieldKind !== 'scalar') return undefined
  if (field.scalar === ScalarType.BOOL) return word === 'true' ? true : word === 'false' ? false : undefined
  const isNumber = field.scalar !== ScalarType.STRING && field.scalar !== ScalarType.BYTES && /^\d/.test(word)
  return isNumber ? Number(word.replaceAll(',', '')) : undefined
}
