import {
  create,
  type DescField,
  type DescMessage,
  fromBinary,
  getExtension,
  getOption,
  hasExtension,
  type Message,
} from '@bufbuild/protobuf'
import { pathToString, reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect'
import { createValidator, type Validator } from '@bufbuild/protovalidate'
import { field as fieldRules, type FieldRules } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js'
import { camel, type Contract } from '#contracts/contract.ts'
import { internal, invalid, type Violation } from '../errors.ts'

/** Checks the wire form of a request against the contract. Throws INVALID_ARGUMENT that names every violation, with those already `found`. */
export type CheckRequest = (wire: Uint8Array, found?: Violation[]) => void

/**
 * Makes the check for one request message: well-formed UTF-8 without NUL, and every `buf.validate` rule. Throws at once when
 * a rule of the contract itself is broken (bad CEL, a pattern that is no regular expression), so that a server does not start
 * with it.
 */
export function createRequestCheck(contract: Contract, input: DescMessage): CheckRequest {
  const validator = validatorOf(contract)
  const trial = validator.validate(input, create(input))
  if (trial.kind === 'error')
    throw new Error(`a validation rule of ${input.typeName} is invalid: ${trial.error.message}`)
  return (wire, found = []) => {
    const message = decode(input, wire)
    const isNew = ({ field }: Violation) => !found.some((violation) => violation.field === field)
    const nuls = nulStrings(input, message, wire).filter(isNew)
    const violations = [...found, ...nuls, ...brokenRules(validator, input, message)]
    if (violations.length > 0) throw invalid(violations)
  }
}

/** INVALID_ARGUMENT: the bytes are not such a message. */
export const malformed = (input: string) =>
  invalid([{ field: '', description: `the request is not a well-formed ${input} in UTF-8` }], 'MALFORMED_REQUEST')

/** The fields of a request in which `me` may stand, by their TypeScript names. */
export function userRefs({ registry }: Contract, input: DescMessage): string[] {
  const rule = registry.getExtension('promptforge.rules.v1.user_ref')
  if (!rule) throw new Error('the descriptor set lacks promptforge.rules.v1.user_ref: run `npm run gen`')
  return input.fields
    .filter((field) => stringRules(field).some((rules) => hasExtension(rules, rule) && getExtension(rules, rule)))
    .map((field) => camel(field.name))
}

const validators = new WeakMap<Contract, Validator>()

function validatorOf(contract: Contract): Validator {
  const validator = validators.get(contract) ?? createValidator({ registry: contract.registry, regexMatch: matches })
  validators.set(contract, validator)
  return validator
}

// protovalidate's own engine is RE2 in JavaScript: 2 µs for an id, thirty times what the platform's takes. It guards against
// unknown patterns; ours are in the contract, and are character classes that cannot backtrack.
const patterns = new Map<string, RegExp>()

function matches(pattern: string, text: string): boolean {
  const compiled = patterns.get(pattern) ?? new RegExp(pattern, 'u')
  patterns.set(pattern, compiled)
  return compiled.test(text)
}

function decode(input: DescMessage, wire: Uint8Array): Message {
  try {
    return fromBinary(input, wire, { readUnknownFields: false })
  } catch {
    throw malformed(input.typeName)
  }
}

function brokenRules(validator: Validator, input: DescMessage, message: Message): Violation[] {
  const result = validator.validate(input, message)
  if (result.kind === 'error') throw internal(result.error)
  if (result.kind === 'valid') return []
  return result.violations.map(({ field, message: description }) => ({ field: pathToString(field), description }))
}

function nulStrings(input: DescMessage, message: Message, wire: Uint8Array): Violation[] {
  if (!wire.includes(0)) return []
  return [...stringsOf(reflect(input, message), '')]
    .filter(([, text]) => text.includes('\0'))
    .map(([field]) => ({ field, description: 'must not contain NUL' }))
}

function* stringsOf(message: ReflectMessage, prefix: string): Generator<[path: string, text: string]> {
  for (const field of message.fields) {
    if (!message.isSet(field)) continue
    const path = `${prefix}${field.name}`
    const value: unknown = message.get(field)
    if (typeof value === 'string') yield [path, value]
    else if (field.fieldKind === 'message') yield* stringsOf(value as ReflectMessage, `${path}.`)
    else if (field.fieldKind === 'list') {
      for (const [index, item] of [...(value as Iterable<unknown>)].entries()) {
        if (typeof item === 'string') yield [`${path}[${index}]`, item]
        else if (field.listKind === 'message') yield* stringsOf(item as ReflectMessage, `${path}[${index}].`)
      }
    } else if (field.fieldKind === 'map') {
      for (const [key, item] of value as Iterable<[unknown, unknown]>) {
        const entry = `${path}[${JSON.stringify(key)}]`
        if (typeof key === 'string') yield [entry, key]
        if (typeof item === 'string') yield [entry, item]
        else if (field.mapKind === 'message') yield* stringsOf(item as ReflectMessage, `${entry}.`)
      }
    }
  }
}

function stringRules(field: DescField) {
  const { type } = getOption(field, fieldRules) as FieldRules
  const item = type.case === 'repeated' ? type.value.items?.type : type
  return item?.case === 'string' ? [item.value] : []
}
