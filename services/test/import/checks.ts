import type { Assertion } from '#contracts/gen/promptforge/test/v1/assertion.ts'
import { limits } from './limits.ts'
import type { Report } from './problems.ts'
import { jsonOf, type Node, numberOf, textOf } from './tree.ts'

/** What an assertion asserts. */
export type Check = NonNullable<Assertion['check']>

const MAX_INT32 = 2 ** 31 - 1

/** The text of a string, a number or a boolean. Undefined, with a problem that names `what`, when it is something else, empty or too long. */
export function checkedText(node: Node, what: string, report: Report, max = limits().text): string | undefined {
  const text = textOf(node)
  if (text === undefined) return report(node.line, `${what} must be a text`)
  if (text === '') return report(node.line, `${what} must not be empty`)
  if (text.length > max) return report(node.line, `${what} has more than ${max} characters`)
  return text
}

/** The same, where the text may be empty. */
export function anyText(node: Node, what: string, report: Report): string | undefined {
  return textOf(node) === '' ? '' : checkedText(node, what, report)
}

/** 1 to 100 texts. */
export function checkedTexts(node: Node, what: string, report: Report): { texts: string[] } | undefined {
  if (node.kind !== 'list') return report(node.line, `${what} must be a list`)
  if (node.items.length === 0) return report(node.line, `${what} must not be empty`)
  if (node.items.length > limits().texts) return report(node.line, `${what} has more than ${limits().texts} texts`)
  const texts = node.items.map((item) => checkedText(item, `a text of ${what}`, report, limits().listed))
  return texts.every((text) => text !== undefined) ? { texts } : undefined
}

/** A value as JSON of at most so many characters. */
export function checkedJson(node: Node, what: string, report: Report, max = limits().text): string | undefined {
  // No value has more parts than its JSON has characters.
  const json = node.size > 16 * max ? '' : jsonOf(node)
  if (json === undefined) return report(node.line, `${what} has a number that JSON does not have`)
  if (json === '' || json.length > max) return report(node.line, `${what} has more than ${max} characters as JSON`)
  return json
}

/** A JSON schema: a map, true or false, or such a thing as JSON in a text. */
export function checkedSchema(node: Node, report: Report): { schema: string } | undefined {
  const what = 'the schema'
  const isText = node.kind === 'scalar' && typeof node.value === 'string'
  const schema = isText ? node.text : checkedJson(node, what, report, limits().schemaBytes)
  if (schema === undefined) return undefined
  if (Buffer.byteLength(schema) > limits().schemaBytes)
    return report(node.line, `${what} has more than ${limits().schemaBytes / 1024} KiB`)
  if (!isSchema(schema)) return report(node.line, `${what} must be a map, true or false, or one of these as JSON`)
  return { schema }
}

function isSchema(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'boolean' || (typeof value === 'object' && value !== null && !Array.isArray(value))
  } catch {
    return false
  }
}

/** A path of JSON: it begins with `$`. */
export function checkedPath(node: Node, report: Report): string | undefined {
  const path = checkedText(node, 'the path', report, limits().path)
  if (path === undefined) return undefined
  return path.startsWith('$') ? path : report(node.line, 'the path must begin with $')
}

/** A rubric, and the score that the judge must give at least, if one is said. */
export function checkedRubric(
  rubric: Node,
  threshold: Node | undefined,
  report: Report,
): { rubric: string; threshold?: number | undefined } | undefined {
  const text = checkedText(rubric, 'the rubric', report)
  if (!threshold) return text === undefined ? undefined : { rubric: text }
  const score = numberOf(threshold)
  if (score === undefined || !(score >= 0 && score <= 1))
    return report(threshold.line, 'the threshold of a rubric must be a number from 0 to 1')
  return text === undefined ? undefined : { rubric: text, threshold: score }
}

/** A whole number, 0 to `max`; also one in a text. */
export function checkedCount(node: Node, what: string, report: Report, max = MAX_INT32): number | undefined {
  const text = textOf(node) ?? ''
  const count = numberOf(node) ?? (/^\d{1,16}$/.test(text) ? Number(text) : undefined)
  if (count === undefined || !Number.isSafeInteger(count) || count < 0 || count > max)
    return report(node.line, `${what} must be a whole number, 0 to ${max}`)
  return count
}
