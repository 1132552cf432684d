import { type DescField, type DescMessage } from '@bufbuild/protobuf'
import { FeatureSet_FieldPresence as Presence } from '@bufbuild/protobuf/wkt'
import type { Contract, Method } from '#contracts/contract.ts'
import type { Comments } from './comments.ts'
import { type Json, joined, present } from './json.ts'
import {
  countKeywords,
  enumValues,
  isRequired,
  isRequiredOneof,
  itemRules,
  keywordsOf,
  type Rules,
  rulesInWords,
  rulesOf,
} from './rules.ts'
import { defaultOf, type Direction, scalarSchema, wellKnownSchema } from './values.ts'

/** The schemas of a contract's messages. They collect in `components` as they are referred to. */
export type Schemas = {
  /** A reference to a message, or its schema where JSON has a form of its own for it. */
  of(message: DescMessage, direction: Direction): Json
  /** A reference to the body of a request: the message without what its path sets. */
  body(message: DescMessage, pathFields: string[]): Json
  /** The schema of one field, with its description, its constraints and its default. */
  field(field: DescField, direction: Direction): Json
  /** By name, in the order of their names. */
  components(): Json
}

/** Makes the schemas for these methods. */
export function createSchemas(contract: Contract, comments: Comments, methods: Method[]): Schemas {
  const found = new Map<string, Json>()
  const inResponses = reachable(methods.map(({ output }) => output))

  const of: Schemas['of'] = (message, direction) => {
    const own = wellKnownSchema(message)
    if (own) return own
    const isShared = direction === 'request' && inResponses.has(message)
    return component(`${shortName(message)}${isShared ? 'Input' : ''}`, () =>
      object(message, message.fields, direction),
    )
  }

  const body: Schemas['body'] = (message, pathFields) =>
    component(shortName(message), () =>
      object(
        message,
        message.fields.filter(({ name }) => !pathFields.includes(name)),
        'request',
      ),
    )

  function component(name: string, make: () => Json): Json {
    if (!found.has(name)) {
      found.set(name, {}) // a message may hold itself
      found.set(name, make())
    }
    return { $ref: `#/components/schemas/${name}` }
  }

  function object(message: DescMessage, fields: DescField[], direction: Direction): Json {
    const isRequest = direction === 'request'
    const required = fields
      .filter((field) => (isRequest ? isRequired(field, contract) : isPrinted(field)))
      .map(({ jsonName }) => jsonName)
    const oneofs = message.oneofs.map((oneof) => ({
      names: oneof.fields.map(({ jsonName }) => jsonName),
      isRequired: isRequiredOneof(oneof),
    }))
    return present({
      type: 'object',
      description: joined(comments(message), ...(isRequest ? rulesInWords(message) : [])) || undefined,
      properties: Object.fromEntries(fields.map((one) => [one.jsonName, field(one, direction)])),
      required: required.length > 0 ? required : undefined,
      additionalProperties: isRequest ? false : undefined,
      allOf: isRequest && oneofs.length > 0 ? oneofs.map(alternatives) : undefined,
      deprecated: isDeprecated(message) || undefined,
    })
  }

  function field(one: DescField, direction: Direction): Json {
    const comment = comments(one)
    if (comment === '' && one.parent.typeName.startsWith('promptforge.')) {
      throw new Error(`${one.parent.typeName}.${one.name} has no description: write in a comment before it what it is`)
    }
    const isRequest = direction === 'request'
    const values = valueNames(one, direction)
    return present({
      ...withDescription(fieldSchema(one, direction), joined(comment, values, ...(isRequest ? rulesInWords(one) : []))),
      default: isRequest ? defaultOf(comment, one) : undefined,
      deprecated: isDeprecated(one) || undefined,
    })
  }

  function fieldSchema(one: DescField, direction: Direction): Json {
    const rules = rulesOf(one)
    const own = direction === 'request' ? rules : undefined
    if (one.fieldKind === 'list') {
      return { type: 'array', items: value(one, own && itemRules(one), direction), ...(own && countKeywords(own)) }
    }
    if (one.fieldKind === 'map') {
      const keys = own?.type.case === 'map' ? own.type.value.keys : undefined
      return present({
        type: 'object',
        propertyNames: keys && keywordsOf(keys, contract),
        additionalProperties: value(one, own && itemRules(one), direction),
        ...(own && countKeywords(own)),
      })
    }
    return value(one, own, direction)
  }

  /** A value of a field, an item of a list or a value of a map. */
  function value(one: DescField, rules: Rules, direction: Direction): Json {
    if (one.message) return of(one.message, direction)
    if (one.enum) return { type: 'string', enum: enumValues(one.enum, rules).map(({ name }) => name) }
    return { ...scalarSchema(one.scalar!, direction, rules), ...keywordsOf(rules, contract) }
  }

  /** What each value of a field's enum means, as a list. */
  function valueNames(one: DescField, direction: Direction): string {
    const values = one.enum ? enumValues(one.enum, direction === 'request' ? itemRules(one) : undefined) : []
    return values.map((value) => `* \`${value.name}\`: ${comments(value)}`).join('\n')
  }

  return {
    of,
    body,
    field,
    components: () => Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

/** A reference may have a description beside it; an empty one is left out. */
const withDescription = (schema: Json, description: string): Json => (description ? { ...schema, description } : schema)

/** The gateway prints every field that cannot be absent. */
const isPrinted = ({ presence, oneof, message, fieldKind }: DescField) =>
  !oneof && (fieldKind === 'list' || fieldKind === 'map' || (presence === Presence.IMPLICIT && !message))

function alternatives({ names, isRequired }: { names: string[]; isRequired: boolean }): Json {
  const each = names.map((name) => ({ required: [name] }))
  return { oneOf: isRequired ? each : [...each, { not: { anyOf: each } }] }
}

const isDeprecated = ({ proto }: DescField | DescMessage) => proto.options?.deprecated ?? false

/** `promptforge.prompt.v1.Prompt.Status` is PromptStatus. */
export function shortName({ typeName }: { typeName: string }): string {
  return typeName
    .split('.')
    .filter((part) => /^[A-Z]/.test(part))
    .join('')
}

/** All messages in messages. */
function reachable(messages: DescMessage[]): Set<DescMessage> {
  const found = new Set<DescMessage>()
  const visit = (message: DescMessage) => {
    if (found.has(message)) return
    found.add(message)
    for (const { message: inner } of message.fields) if (inner) visit(inner)
  }
  messages.forEach(visit)
  return found
}
