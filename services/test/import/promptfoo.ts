import { assertionOf, type Written } from './assertion.ts'
import { assertionsOfSet } from './assert-set.ts'
import { type Draft, type MakeAssertion, nameOf, type Variable } from './draft.ts'
import { quoted, type Report } from './problems.ts'
import { findFile, findTemplate, rendered } from './template.ts'
import { member, type Node, numberOf, textOf } from './tree.ts'
import { merged, variablesOf } from './variables.ts'

/** What says nothing of values and assertions. Prompts: a suite is of one. */
const IGNORED = new Set(['$schema', 'description', 'metadata', 'outputPath', 'prompts', 'sharing', 'tags'])
const OF_TEST = new Set(['assert', 'description', 'metadata', 'options', 'threshold', 'vars', 'weight'])
const OF_ASSERTION = new Set(['metric', 'threshold', 'type', 'value', 'weight'])

const OF_SET = new Set(['assert', 'metric', 'threshold', 'type', 'weight'])

const HINTS = new Map([
  ['provider', 'a suite names its model, and the one that judges, in its settings'],
  ['providers', 'a suite names its model in its settings'],
  ['targets', 'a suite names its model in its settings'],
  ['transform', 'answers are asserted as they are'],
])

type Shared = { variables: Variable[]; assertions: MakeAssertion[] }

/** The tests of a file of promptfoo: of its configuration, or a list of tests alone. */
export function draftsOfPromptfoo(root: Node, report: Report): Draft[] {
  if (root.kind === 'list') return testsOf(root, { variables: [], assertions: [] }, report)
  if (root.kind !== 'map') return nothing(root.line, 'it must be a map with tests, or a list of tests', report)
  const known = new Set([...IGNORED, 'defaultTest', 'tests'])
  refuseOthers(root, known, 'a file', report)
  const [tests, defaults] = [member(root, 'tests'), member(root, 'defaultTest')]
  const shared = defaults ? sharedOf(defaults.node, report) : { variables: [], assertions: [] }
  return tests ? testsOf(tests.node, shared, report) : nothing(root.line, 'it has no tests', report)
}

function nothing(line: number, text: string, report: Report): [] {
  report(line, text)
  return []
}

/** Says of each member that is not known that it is not supported. */
function refuseOthers(node: Node, known: ReadonlySet<string>, where: string, report: Report): void {
  for (const [name, { line }] of node.kind === 'map' ? node.entries : []) {
    const hint = HINTS.get(name)
    if (!known.has(name)) report(line, `${quoted(name)} of ${where} is not supported${hint ? `: ${hint}` : ''}`)
  }
}

function testsOf(node: Node, shared: Shared, report: Report): Draft[] {
  if (node.kind !== 'list')
    return nothing(node.line, 'tests must be a list in the file: other files are not read', report)
  if (node.items.length === 0) return nothing(node.line, 'it has no tests', report)
  return node.items.flatMap((item) => {
    if (item.kind !== 'map')
      return nothing(item.line, 'a test must be a map in the file: other files are not read', report)
    return [draftOf(item, shared, report)]
  })
}

function sharedOf(node: Node, report: Report): Shared {
  if (node.kind !== 'map') return { variables: [], assertions: nothing(node.line, 'defaultTest must be a map', report) }
  return partsOf(node, new Set([...OF_TEST].filter((name) => name !== 'weight')), 'defaultTest', report)
}

function draftOf(test: Node, shared: Shared, report: Report): Draft {
  const own = partsOf(test, OF_TEST, 'a test', report)
  const description = member(test, 'description')?.node
  return {
    line: test.line,
    name: nameOf((description && textOf(description)) ?? ''),
    variables: merged(shared.variables, own.variables),
    assertions: [...(own.isAlone ? [] : shared.assertions), ...own.assertions],
    optional: false,
    weight: weightOf(member(test, 'weight')?.node, report),
  }
}

function partsOf(node: Node, known: ReadonlySet<string>, where: string, report: Report): Shared & { isAlone: boolean } {
  refuseOthers(node, known, where, report)
  const part = (name: string) => member(node, name)?.node
  const [vars, assertions, threshold, options] = [part('vars'), part('assert'), part('threshold'), part('options')]
  if (threshold && numberOf(threshold) !== 1)
    report(threshold.line, 'a threshold is not supported: all assertions of a case must hold')
  const alone = options && member(options, 'disableDefaultAsserts')?.node
  if (options) refuseOthers(options, new Set(['disableDefaultAsserts']), 'options', report)
  return {
    variables: vars ? variablesOf(vars, report) : [],
    assertions: assertions ? assertionsOf(assertions, report) : [],
    isAlone: alone?.kind === 'scalar' && alone.value === true,
  }
}

function weightOf(node: Node | undefined, report: Report): number | undefined {
  if (!node) return undefined
  const weight = numberOf(node)
  if (weight !== undefined && weight > 0 && weight <= 1000) return weight
  return report(node.line, 'the weight of a test must be a number above 0, at most 1000')
}

function assertionsOf(node: Node, report: Report): MakeAssertion[] {
  if (node.kind !== 'list') return nothing(node.line, 'assert must be a list', report)
  return node.items.flatMap((item) => (isSet(item) ? makeSet(item, report) : [makeAssertion(item, report)]))
}

function isSet(node: Node): boolean {
  const type = member(node, 'type')?.node
  return type !== undefined && textOf(type) === 'assert-set'
}

function makeSet(set: Node, report: Report): MakeAssertion[] {
  refuseOthers(set, OF_SET, 'an assert-set', report)
  const [inside, threshold] = [member(set, 'assert')?.node, member(set, 'threshold')?.node]
  weightOfAssertion(set, report)
  if (inside?.kind !== 'list' || inside.items.length === 0)
    return nothing((inside ?? set).line, 'an assert-set needs a list of assertions, assert', report)
  const nested = inside.items.find(isSet)
  if (nested) return nothing(nested.line, 'an assert-set in an assert-set is not supported', report)
  const members = inside.items.map((item) => ({
    weight: weightOfAssertion(item, report) ?? 1,
    make: makeAssertion(item, report),
  }))
  return assertionsOfSet({ line: set.line, threshold, members }, report)
}

/** Undefined, with a problem, when it is not above 0. */
function weightOfAssertion(assertion: Node, report: Report): number | undefined {
  const node = member(assertion, 'weight')?.node
  const weight = node ? (numberOf(node) ?? 0) : 1
  return weight > 0 ? weight : report(node!.line, 'the weight of an assertion must be above 0: it must hold')
}

const never: MakeAssertion = () => undefined

function makeAssertion(node: Node, report: Report): MakeAssertion {
  const type = member(node, 'type')?.node
  const name = type && textOf(type)
  if (!type || name === undefined) return refused(node.line, 'an assertion must be a map with a type', report)
  const written = {
    type: name,
    line: type.line,
    value: member(node, 'value')?.node,
    threshold: member(node, 'threshold')?.node,
  }
  if (weightOfAssertion(node, report) === undefined) return never
  const make = makeWritten(written, report)
  refuseOthers(node, OF_ASSERTION, 'an assertion', report)
  return make
}

function refused(line: number, text: string, report: Report): MakeAssertion {
  report(line, text)
  return never
}

/** Makes it once when its value is the same in every case. */
export function makeWritten(written: Written, report: Report): MakeAssertion {
  const { value } = written
  const file = value && findFile(value)
  if (file) return refused(file.line, 'files, scripts and packages are not read: write the value here', report)
  if (value && findTemplate(value))
    return (values) => {
      const filled = rendered(value, values, report)
      return filled && assertionOf({ ...written, value: filled }, report)
    }
  const assertion = assertionOf(written, report)
  return () => assertion
}
