import { loadContract } from '#contracts/contract.ts'
import { maxItemsOf, maxLengthOf } from '#contracts/request-size.ts'

/** The limits of a file, of the cases that it makes, and of their fields: those of the contract. */
export type Limits = {
  /** Bytes of a file. */
  fileBytes: number
  cases: number
  assertions: number
  values: number
  /** Characters of the name of a case. */
  name: number
  /** Characters of a value, and of most texts of an assertion. */
  text: number
  /** How many texts a list of an assertion has, and the characters of each. */
  texts: number
  listed: number
  regex: number
  path: number
  schemaBytes: number
}

let found: Limits | undefined

/** Reads them, once a thread. Throws when the contract does not limit one of them. */
export function limits(): Limits {
  found ??= readLimits()
  return found
}

function readLimits(): Limits {
  const { registry } = loadContract()
  const field = (message: string, name: string) =>
    registry.getMessage(`promptforge.test.v1.${message}`)!.fields.find((one) => one.name === name)!
  const most = (count: number, what: string) => {
    if (!Number.isFinite(count)) throw new Error(`the contract has no limit for ${what}`)
    return count
  }
  const length = (message: string, name: string) => most(maxLengthOf(field(message, name)), `${message}.${name}`)
  const items = (message: string, name: string) => most(maxItemsOf(field(message, name)), `${message}.${name}`)
  return {
    fileBytes: length('ImportSuiteRequest', 'content'),
    cases: items('CreateSuiteRequest', 'cases'),
    assertions: items('SuiteCase', 'assertions'),
    values: items('SuiteCase', 'values'),
    name: length('SuiteCase', 'name'),
    text: length('SuiteCase', 'values'),
    texts: items('Texts', 'texts'),
    listed: length('Texts', 'texts'),
    regex: length('Assertion', 'regex'),
    path: length('JsonPath', 'path'),
    schemaBytes: length('IsJson', 'schema'),
  }
}
