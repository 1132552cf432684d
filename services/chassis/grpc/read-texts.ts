import type { DescField, DescMessage } from '@bufbuild/protobuf'
import { camel, type Contract, textKindOf } from '#contracts/contract.ts'
import { Kind } from '#contracts/gen/promptforge/text/v1/text.ts'
import type { Violation } from '../errors.ts'
import { LABEL, LINE, LINES, PASSWORD, type TextKind } from '../texts.ts'

/** By the number of the kind. What is not here is read as it was sent. */
const KINDS: ReadonlyMap<number, TextKind> = new Map([
  [Kind.LINE, LINE],
  [Kind.LINES, LINES],
  [Kind.LABEL, LABEL],
  [Kind.PASSWORD, PASSWORD],
])

/** What reading the texts of a message came to. */
export type ReadTexts = { isChanged: boolean; violations: Violation[] }

/** Reads the texts of a decoded message in place, each as its kind. */
export type TextReader = (message: unknown) => ReadTexts

type Values = Record<string, unknown>

/** Reads one field of a message, which is at `path`. */
type FieldReader = (values: Values, path: string, found: ReadTexts) => void

/** Makes the reader of a request; undefined where no text is read otherwise than it was sent. */
export function createTextReader(contract: Contract, input: DescMessage): TextReader | undefined {
  const readers = fieldReaders(contract, input, [])
  if (readers.length === 0) return undefined
  return (message) => {
    const found: ReadTexts = { isChanged: false, violations: [] }
    for (const read of readers) read(message as Values, '', found)
    return found
  }
}

function fieldReaders(contract: Contract, message: DescMessage, within: DescMessage[]): FieldReader[] {
  if (within.includes(message) || !message.typeName.startsWith('promptforge.')) return []
  return message.fields.flatMap((field) => {
    const kind = KINDS.get(textKindOf(contract, field))
    if (kind) return [textReader(field, kind)]
    if (!field.message || field.fieldKind === 'map') return []
    const inside = fieldReaders(contract, field.message, [...within, message])
    return inside.length > 0 ? [messageReader(field, inside)] : []
  })
}

function textReader(field: DescField, { read, problem }: TextKind): FieldReader {
  const name = nameOf(field)
  const readOne = (text: string, path: string, found: ReadTexts) => {
    const isRead = read(text)
    if (isRead !== text) found.isChanged = true
    const description = problem(isRead)
    if (description !== undefined) found.violations.push({ field: path, description })
    return isRead
  }
  return (values, path, found) => {
    const value = values[name]
    const here = `${path}${field.name}`
    if (typeof value === 'string') values[name] = readOne(value, here, found)
    else if (Array.isArray(value))
      values[name] = value.map((text: string, index) => readOne(text, `${here}[${index}]`, found))
  }
}

function messageReader(field: DescField, readers: FieldReader[]): FieldReader {
  const messageIn = messageOf(field)
  return (values, path, found) => {
    const value = messageIn(values)
    const here = `${path}${field.name}`
    const readIn = (inner: unknown, at: string) => {
      for (const read of readers) read(inner as Values, `${at}.`, found)
    }
    if (Array.isArray(value)) for (const [index, inner] of value.entries()) readIn(inner, `${here}[${index}]`)
    else if (value) readIn(value, here)
  }
}

/** The message, or the messages, of a field. */
function messageOf({ name, oneof }: DescField): (values: Values) => unknown {
  const here = camel(name)
  if (!oneof) return (values) => values[here]
  const there = camel(oneof.name)
  return (values) => {
    const chosen = values[there] as { $case: string; value: unknown } | undefined
    return chosen?.$case === here ? chosen.value : undefined
  }
}

/** As TypeScript has it. Texts that are members of a oneof themselves stand elsewhere: those are read as they were sent. */
function nameOf(field: DescField): string {
  if (field.oneof)
    throw new Error(`${field.parent.typeName}.${field.name} is in a oneof: its text can only be VERBATIM`)
  return camel(field.name)
}
