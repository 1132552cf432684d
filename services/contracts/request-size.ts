import { type DescField, type DescMessage, getOption, ScalarType } from '@bufbuild/protobuf'
import { type FieldRules, field as fieldOption } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js'

/** The largest message, bytes: a response, and a request that the contract does not bound more narrowly. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024

const MIN_REQUEST_BYTES = 4096

/** JSON needs at most three times the bytes of a text's UTF-8: an emoji of four bytes is two escapes of six. */
const JSON_FACTOR = 3

/** For the names of JSON fields, white space, and the fields of newer clients. */
const SLACK_BYTES = 1024

/** A string that only a pattern limits: an id. */
const PATTERN_BYTES = 40

/** The tag and the length of a field, and the longest number. */
const FRAME_BYTES = 8
const NUMBER_BYTES = 10

/** Messages of Google's that hold two numbers. */
const TIMES = new Set(['google.protobuf.Timestamp', 'google.protobuf.Duration'])

/**
 * The largest request that a method with this input takes, bytes, derived from the limits of its fields: room for the largest valid
 * message as JSON, rounded up to a power of two, so that what is a little too long still gets an error that names its field.
 */
export function maxRequestBytesOf(input: DescMessage): number {
  const needed = JSON_FACTOR * largestOf(input, new Set()) + SLACK_BYTES
  if (needed > MAX_MESSAGE_BYTES) return MAX_MESSAGE_BYTES
  return Math.max(MIN_REQUEST_BYTES, 2 ** Math.ceil(Math.log2(needed)))
}

/** The largest that a valid message can be on the wire, bytes; Infinity when its fields do not limit it. */
function largestOf(message: DescMessage, within: ReadonlySet<DescMessage>): number {
  if (TIMES.has(message.typeName)) return 2 * (FRAME_BYTES + NUMBER_BYTES)
  if (message.typeName.startsWith('google.') || within.has(message)) return Infinity
  const inside = new Set([...within, message])
  return message.fields.reduce((sum, field) => sum + largestField(field, inside), 0)
}

function largestField(field: DescField, within: ReadonlySet<DescMessage>): number {
  const { type } = getOption(field, fieldOption) as FieldRules
  if (field.fieldKind === 'list') {
    const items = type.case === 'repeated' ? type.value.items?.type : undefined
    return maxItemsOf(field) * (FRAME_BYTES + largestValue(field, items, within))
  }
  if (field.fieldKind === 'map') {
    const { keys, values } = type.case === 'map' ? type.value : {}
    const pair = largestScalar(field.mapKey, keys?.type) + largestValue(field, values?.type, within)
    return maxItemsOf(field) * (3 * FRAME_BYTES + pair)
  }
  return FRAME_BYTES + largestValue(field, type, within)
}

/** How many items a list, or pairs a map, may have; Infinity for what has no such limit. */
export function maxItemsOf(field: DescField): number {
  const { type } = getOption(field, fieldOption) as FieldRules
  if (type.case === 'repeated') return Number(type.value.maxItems || Infinity)
  return type.case === 'map' ? Number(type.value.maxPairs || Infinity) : Infinity
}

/** How many characters, or bytes where the rule counts these, a text may have: of a list its items, of a map its values. Infinity without a limit. */
export function maxLengthOf(field: DescField): number {
  const { type } = getOption(field, fieldOption) as FieldRules
  const inner = type.case === 'repeated' ? type.value.items : type.case === 'map' ? type.value.values : undefined
  const rules = inner?.type ?? type
  if (rules.case !== 'string') return Infinity
  return Number(rules.value.maxBytes || rules.value.maxLen || Infinity)
}

/** A value of a field, an item of a list or a value of a map. */
const largestValue = (
  { message, scalar }: Pick<DescField, 'message' | 'scalar'>,
  rules: FieldRules['type'] | undefined,
  within: ReadonlySet<DescMessage>,
) => (message ? largestOf(message, within) : largestScalar(scalar, rules))

/** Without a scalar it is an enum. */
function largestScalar(scalar: ScalarType | undefined, rules: FieldRules['type'] | undefined): number {
  if (scalar === ScalarType.BYTES) {
    const { maxLen, len } = rules?.case === 'bytes' ? rules.value : {}
    return Number(maxLen || len || Infinity)
  }
  if (scalar !== ScalarType.STRING) return NUMBER_BYTES
  if (rules?.case !== 'string') return Infinity
  const { maxLen, len, maxBytes, lenBytes } = rules.value
  const codePoints = Number(maxLen || len || 0)
  return Number(maxBytes || lenBytes || 4 * codePoints || PATTERN_BYTES)
}
