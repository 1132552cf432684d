import type { Assertion } from '#contracts/gen/promptforge/test/v1/assertion.ts'
import {
  anyText,
  type Check,
  checkedCount,
  checkedJson,
  checkedPath,
  checkedRubric,
  checkedSchema,
  checkedText,
  checkedTexts,
} from './checks.ts'
import { limits } from './limits.ts'
import { quoted, type Report } from './problems.ts'
import { list, member, type Node, numberOf, scalar, textOf } from './tree.ts'
import { splitTexts } from './texts.ts'
import { whyUnsupported } from './unsupported.ts'

/** An assertion as promptfoo writes it: `not-contains` with its value, or `latency` with its threshold. */
export type Written = { type: string; line: number; value?: Node | undefined; threshold?: Node | undefined }

type Build = (written: Written & { value: Node }, report: Report) => Check | undefined

/** By promptfoo's names; `json-path` and `length` are ours. */
const BUILD: Record<string, Build> = {
  equals: ({ value }, report) => {
    if (value.kind === 'scalar') return made('equals', anyText(value, 'the value', report))
    const equals = checkedJson(value, 'the value', report)
    return equals === undefined ? undefined : { $case: 'jsonPath', value: { path: '$', equals } }
  },
  contains: ({ value }, report) => made('contains', checkedText(value, 'the value', report)),
  icontains: ({ value }, report) => made('icontains', checkedText(value, 'the value', report)),
  'starts-with': ({ value }, report) => made('startsWith', checkedText(value, 'the value', report)),
  'contains-any': ({ value }, report) => made('containsAny', checkedTexts(listed(value), 'the value', report)),
  'contains-all': ({ value }, report) => made('containsAll', checkedTexts(listed(value), 'the value', report)),
  'icontains-any': ({ value }, report) => made('icontainsAny', checkedTexts(listed(value), 'the value', report)),
  'icontains-all': ({ value }, report) => made('icontainsAll', checkedTexts(listed(value), 'the value', report)),
  regex: ({ value }, report) => made('regex', checkedText(value, 'the value', report, limits().regex)),
  'is-json': ({ value }, report) => made('isJson', schemaOf(value, report)),
  'contains-json': ({ value }, report) => made('containsJson', schemaOf(value, report)),
  'finish-reason': ({ value }, report) => made('finishReason', finishReason(value, report)),
  'character-count': (written, report) => made('length', lengthOf(written.value, report)),
  length: (written, report) => made('length', lengthOf(written.value, report)),
  'llm-rubric': ({ value, threshold }, report) => made('llmRubric', rubricOf(checkedRubric(value, threshold, report))),
  'json-path': ({ value }, report) => made('jsonPath', jsonPath(value, report)),
  latency: (written, report) => made('latencyMs', limit(written, 1, 'milliseconds', report)),
  cost: (written, report) => made('costMicros', limit(written, 1_000_000, 'US dollars', report)),
}

/** Who judges, a file does not say. */
const rubricOf = (rubric: ReturnType<typeof checkedRubric>) => rubric && { ...rubric, judge: undefined }

const WITH_THRESHOLD = new Set(['latency', 'cost', 'llm-rubric'])
const WITHOUT_VALUE = new Set(['is-json', 'contains-json', 'latency', 'cost'])

/** Whether an assertion of this type, without `not-`, is read. */
export const isRead = (type: string) => Object.hasOwn(BUILD, type)

/** Undefined, with a problem, when we have no such assertion. */
export function assertionOf(written: Written, report: Report): Assertion | undefined {
  const { line, threshold } = written
  const type = written.type.replace(/^not-/, '')
  if (!isRead(type))
    return report(line, `${shownType(written.type)} assertions are not supported: ${whyUnsupported(type)}`)
  if (threshold && !WITH_THRESHOLD.has(type)) return report(threshold.line, `${type} assertions have no threshold`)
  const value = written.value ?? scalar(line, '', null)
  if (isAbsent(value) && !WITHOUT_VALUE.has(type)) return report(line, `${type} assertions need a value`)
  const check = BUILD[type]!({ ...written, type, value }, report)
  return check && { negate: type !== written.type, check }
}

const shownType = (type: string) => (/^[a-z][a-z0-9:-]{0,60}$/.test(type) ? type : quoted(type))

const isAbsent = (node: Node) => node.kind === 'scalar' && node.value === null

/** The check, unless its value has a problem. */
function made<Case extends Check['$case']>(
  $case: Case,
  value: Extract<Check, { $case: Case }>['value'] | undefined,
): Check | undefined {
  return value === undefined ? undefined : ({ $case, value } as Check)
}

const schemaOf = (value: Node, report: Report) => (isAbsent(value) ? { schema: '' } : checkedSchema(value, report))

/** A text with commas is a list, too. */
function listed(value: Node): Node {
  const text = textOf(value)
  if (text === undefined || text.length > 2 * limits().texts * limits().listed) return value
  return list(
    value.line,
    splitTexts(text).map((one) => scalar(value.line, one)),
  )
}

const REASONS = new Map([
  ['stop', 'stop'],
  ['length', 'length'],
  ['content_filter', 'content-filter'],
  ['content-filter', 'content-filter'],
  ['other', 'other'],
])

function finishReason(value: Node, report: Report): string | undefined {
  const reason = REASONS.get((textOf(value) ?? '').toLowerCase())
  return reason ?? report(value.line, `the finish reason must be one of ${[...REASONS.keys()].join(', ')}`)
}

function lengthOf(value: Node, report: Report): { min: number; max?: number | undefined } | undefined {
  if (value.kind !== 'map') {
    const count = checkedCount(value, 'the length', report)
    return count === undefined ? undefined : { min: count, max: count }
  }
  if (!hasOnly(value, ['min', 'max'], report)) return undefined
  const [min, max] = ['min', 'max'].map((name) => member(value, name)?.node)
  if (!min && !max) return report(value.line, 'the length needs min or max')
  const least = min ? checkedCount(min, 'min', report) : 0
  const most = max && checkedCount(max, 'max', report)
  if (least === undefined || (max && most === undefined)) return undefined
  return most !== undefined && least > most
    ? report(value.line, 'min must not be above max')
    : { min: least, max: most }
}

function jsonPath(value: Node, report: Report): { path: string; equals?: string | undefined } | undefined {
  if (value.kind === 'scalar') {
    const path = checkedPath(value, report)
    return path === undefined ? undefined : { path }
  }
  if (!hasOnly(value, ['path', 'equals'], report)) return undefined
  const [path, equals] = ['path', 'equals'].map((name) => member(value, name)?.node)
  if (!path) return report(value.line, 'json-path needs a path')
  const checked = checkedPath(path, report)
  const json = equals && checkedJson(equals, 'equals', report)
  return checked === undefined || (equals && json === undefined) ? undefined : { path: checked, equals: json }
}

function hasOnly(value: Node, names: string[], report: Report): boolean {
  if (value.kind !== 'map') report(value.line, `it must be a map of ${names.join(' and ')}`)
  else {
    const other = [...value.entries].find(([name]) => !names.includes(name))
    if (!other) return true
    report(other[1].line, `${quoted(other[0])} is not supported here: only ${names.join(' and ')}`)
  }
  return false
}

/** At most the threshold: of what is counted in whole parts, as many as are in it. */
function limit(
  { type, line, value, threshold }: Written & { value: Node },
  factor: number,
  unit: string,
  report: Report,
) {
  if (!isAbsent(value)) return report(value.line, `${type} assertions have no value: the ${unit} are their threshold`)
  if (!threshold) return report(line, `${type} assertions need a threshold, in ${unit}`)
  const number = numberOf(threshold)
  const parts = number === undefined ? NaN : Math.floor(Number((number * factor).toPrecision(15)))
  if (!Number.isSafeInteger(parts) || parts < 0)
    return report(threshold.line, `the threshold of ${type} must be a number of ${unit}, 0 or more`)
  return BigInt(parts)
}
