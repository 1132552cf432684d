import type { DescMessage } from '@bufbuild/protobuf'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { maxItemsOf } from '#contracts/request-size.ts'
import { invalid, type Violation } from '../errors.ts'

/** How much more than a valid message needs is looked at, so that what is a little too long has each of its mistakes named. */
const SLACK = 1000

/** Messages within messages. */
const MAX_DEPTH = 32

type Shape = {
  /** By field number: what is repeated, and what is a message. */
  fields: Map<number, { name: string; max: number; unit: string; message: DescMessage | undefined }>
  /** The fields that a message has on the wire before it is refused, whatever they are. */
  budget: number
}

/**
 * Counts the items of every list and map of a request on the wire, before it is decoded: a message of 4 MiB has room for two
 * million empty items, and decoding those takes seconds. Throws INVALID_ARGUMENT that names the lists which are too long. What
 * is not well-formed is left to the decoder.
 */
export function checkShape(input: DescMessage, wire: Uint8Array): void {
  const violations: Violation[] = []
  try {
    scan(input, wire, '', violations, 0)
  } catch {
    return
  }
  if (violations.length > 0) throw invalid(violations)
}

function scan(message: DescMessage, wire: Uint8Array, prefix: string, violations: Violation[], depth: number): void {
  const { fields, budget } = shapeOf(message)
  const counts = new Map<number, number>()
  const reader = new BinaryReader(wire)
  for (let seen = 1; reader.pos < reader.len; seen++) {
    const [number, type] = reader.tag()
    if (seen > budget || depth > MAX_DEPTH) {
      if (violations.length === 0)
        violations.push({ field: prefix.slice(0, -1), description: 'has more fields than a valid request' })
      return
    }
    const field = fields.get(number)
    if (!field || type !== WireType.LengthDelimited) {
      reader.skip(type, number)
      continue
    }
    const { name, max, unit, message: inner } = field
    const count = (counts.get(number) ?? 0) + 1
    counts.set(number, count)
    if (count === max + 1)
      violations.push({ field: `${prefix}${name}`, description: `must contain no more than ${max} ${unit}(s)` })
    const bytes = reader.bytes()
    if (!inner || count > max) continue
    scan(inner, bytes, `${prefix}${name}${max === Infinity ? '' : `[${count - 1}]`}.`, violations, depth + 1)
  }
}

const shapes = new WeakMap<DescMessage, Shape>()

function shapeOf(message: DescMessage): Shape {
  const known = shapes.get(message)
  if (known) return known
  const entries = message.fields
    .filter((field) => field.fieldKind === 'list' || field.fieldKind === 'map' || field.fieldKind === 'message')
    .map((field) => ({
      number: field.number,
      name: field.name,
      message: field.message,
      max: maxItemsOf(field),
      unit: field.fieldKind === 'map' ? 'pair' : 'item',
    }))
  const listed = entries.reduce((sum, { max }) => sum + (max === Infinity ? 0 : max), 0)
  const shape = {
    fields: new Map(entries.map((entry) => [entry.number, entry])),
    budget: message.fields.length + listed + SLACK,
  }
  shapes.set(message, shape)
  return shape
}
