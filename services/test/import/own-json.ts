import type { Assertion, Judge } from '#contracts/gen/promptforge/test/v1/assertion.ts'
import {
  anyText,
  type Check,
  checkedCount,
  checkedPath,
  checkedRubric,
  checkedSchema,
  checkedText,
  checkedTexts,
} from './checks.ts'
import { limits } from './limits.ts'
import { type Draft, type MakeAssertion, nameOf } from './draft.ts'
import { quoted, type Report } from './problems.ts'
import { type Entry, list, map, type Node, numberOf } from './tree.ts'
import { isVariableName, valueText } from './variables.ts'

/** The cases of `{"cases": […]}`: SuiteCase messages as JSON, with the names of fields of the proto or of JSON. */
export function draftsOfCases(root: Node, report: Report): Draft[] {
  const { cases } = fieldsOf(root, ['cases'], report)
  if (!cases) return []
  if (cases.kind !== 'list' || cases.items.length === 0) {
    report(cases.line, 'cases must be a list of cases, and not empty')
    return []
  }
  return cases.items.map((item) => draftOf(item, report))
}

function draftOf(node: Node, report: Report): Draft {
  const fields = fieldsOf(node, ['name', 'values', 'assertions', 'optional', 'weight'], report)
  const { name, values = map(node.line, new Map()), assertions = list(node.line, []), optional, weight } = fields
  if (values.kind !== 'map') report(values.line, 'values must be an object')
  if (assertions.kind !== 'list') report(assertions.line, 'assertions must be a list')
  return {
    line: node.line,
    name: nameOf((name && anyText(name, 'the name', report)) ?? ''),
    variables: values.kind === 'map' ? [...values.entries].flatMap((entry) => variableOf(...entry, report)) : [],
    assertions: assertions.kind === 'list' ? assertions.items.map((item) => makeAssertion(item, report)) : [],
    optional: optional ? booleanOf(optional, report) : false,
    weight: weight && weightOf(weight, report),
  }
}

function variableOf(name: string, { line, node }: Entry, report: Report) {
  if (!isVariableName(name, line, report)) return []
  const text = valueText(node, name, report)
  return text === undefined ? [] : [{ name, line, texts: [text] }]
}

function booleanOf(node: Node, report: Report): boolean {
  if (node.kind === 'scalar' && typeof node.value === 'boolean') return node.value
  report(node.line, 'it must be true or false')
  return false
}

function weightOf(node: Node, report: Report): number | undefined {
  const weight = numberOf(node)
  if (weight !== undefined && weight > 0 && weight <= 1000) return weight
  return report(node.line, 'the weight of a case must be a number above 0, at most 1000')
}

type ReadCheck = (node: Node, report: Report) => Check['value'] | undefined

const MAX_INT64 = Number.MAX_SAFE_INTEGER

const CHECKS: { [Case in Check['$case']]: ReadCheck } = {
  equals: (node, report) => anyText(node, 'the text', report),
  equalsExactly: (node, report) => anyText(node, 'the text', report),
  contains: (node, report) => checkedText(node, 'the text', report),
  icontains: (node, report) => checkedText(node, 'the text', report),
  startsWith: (node, report) => checkedText(node, 'the text', report),
  containsAny: textsOf,
  containsAll: textsOf,
  regex: (node, report) => checkedText(node, 'the regular expression', report, limits().regex),
  icontainsAny: textsOf,
  icontainsAll: textsOf,
  isJson: schemaOf,
  containsJson: schemaOf,
  jsonPath: (node, report) => {
    const { path, equals } = fieldsOf(node, ['path', 'equals'], report)
    if (!path) return report(node.line, 'jsonPath needs a path')
    const [checked, json] = [checkedPath(path, report), equals && checkedText(equals, 'equals', report)]
    return checked === undefined || (equals && json === undefined) ? undefined : { path: checked, equals: json }
  },
  length: (node, report) => {
    const { min, max } = fieldsOf(node, ['min', 'max'], report)
    const [least, most] = [min ? checkedCount(min, 'min', report) : 0, max && checkedCount(max, 'max', report)]
    return least === undefined || (max && most === undefined) ? undefined : { min: least, max: most }
  },
  latencyMs: integerOf,
  costMicros: integerOf,
  llmRubric: (node, report) => {
    const { rubric, threshold, judge } = fieldsOf(node, ['rubric', 'threshold', 'judge'], report)
    if (!rubric) return report(node.line, 'llmRubric needs a rubric')
    const [checked, asked] = [checkedRubric(rubric, threshold, report), judge && judgeOf(judge, report)]
    return checked === undefined || (judge && asked === undefined) ? undefined : { ...checked, judge: asked }
  },
  finishReason: (node, report) => {
    const reason = checkedText(node, 'the reason', report)
    if (reason === undefined || ['stop', 'length', 'content-filter', 'other'].includes(reason)) return reason
    return report(node.line, 'the reason must be stop, length, content-filter or other')
  },
}

function judgeOf(node: Node, report: Report): Judge | undefined {
  const names = ['modelProvider', 'modelName', 'temperature', 'maxTokens', 'keyId'] as const
  const fields = fieldsOf(node, [...names], report)
  const text = (name: (typeof names)[number], form: RegExp) => {
    const field = fields[name]
    const written = field && checkedText(field, name, report, 50)
    if (written === undefined || form.test(written)) return written
    return report(field!.line, `${name} is not one`)
  }
  const { modelProvider, modelName, temperature, maxTokens } = fields
  if (!modelProvider || !modelName) return report(node.line, 'a judge needs modelProvider and modelName')
  const judge = {
    modelProvider: text('modelProvider', /^[a-z0-9][a-z0-9-]*$/),
    modelName: text('modelName', /^[^\p{Cc}\u2028\u2029]+$/v),
    temperature: temperature && degreesOf(temperature, report),
    maxTokens: maxTokens && checkedCount(maxTokens, 'maxTokens', report),
    keyId: text('keyId', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
  }
  const isWhole = names.every((name) => !fields[name] || judge[name] !== undefined)
  if (judge.maxTokens === 0) return report(maxTokens!.line, 'maxTokens must be 1 or more')
  return isWhole ? (judge as Judge) : undefined
}

function degreesOf(node: Node, report: Report): number | undefined {
  const degrees = numberOf(node)
  if (degrees !== undefined && degrees >= 0 && degrees <= 2) return degrees
  return report(node.line, 'the temperature must be a number from 0 to 2')
}

function textsOf(node: Node, report: Report) {
  const { texts = list(node.line, []) } = fieldsOf(node, ['texts'], report)
  return checkedTexts(texts, 'texts', report)
}

function schemaOf(node: Node, report: Report) {
  const { schema } = fieldsOf(node, ['schema'], report)
  return schema && !(schema.kind === 'scalar' && schema.text === '') ? checkedSchema(schema, report) : { schema: '' }
}

function integerOf(node: Node, report: Report): bigint | undefined {
  const count = checkedCount(node, 'it', report, MAX_INT64)
  return count === undefined ? undefined : BigInt(count)
}

function makeAssertion(node: Node, report: Report): MakeAssertion {
  const { negate, ...checks } = fieldsOf(node, ['negate', ...Object.keys(CHECKS)], report)
  const [first, second] = Object.entries(checks)
  const isNegated = negate ? booleanOf(negate, report) : false
  if (!first || second) report(node.line, 'an assertion must have exactly one check')
  if (!first || second) return () => undefined
  const [$case, value] = [first[0] as Check['$case'], CHECKS[first[0] as Check['$case']](first[1]!, report)]
  const assertion =
    value === undefined ? undefined : { negate: isNegated, check: { $case, value } as Assertion['check'] }
  return () => assertion
}

/** The members of an object by the names of JSON. Null is as good as absent; others than these are a problem. */
function fieldsOf<Name extends string>(node: Node, names: Name[], report: Report): { [K in Name]?: Node } {
  const fields: { [K in Name]?: Node } = {}
  if (node.kind !== 'map') report(node.line, `it must be an object of ${names.join(', ')}`)
  for (const [written, { line, node: value }] of node.kind === 'map' ? node.entries : []) {
    const name = names.find((one) => one === written || snake(one) === written)
    if (name === undefined) report(line, `${quoted(written)} is not a field here: only ${names.join(', ')}`)
    else if (fields[name]) report(line, `${quoted(written)} is there twice`)
    else if (value.kind !== 'scalar' || value.value !== null) fields[name] = value
  }
  return fields
}

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
