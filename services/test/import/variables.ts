import { limits } from './limits.ts'
import type { Variable } from './draft.ts'
import { quoted, type Report } from './problems.ts'
import { findFile, findTemplate } from './template.ts'
import { jsonOf, type Node, textOf } from './tree.ts'

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,49}$/

/** Whether a value may have this name; with a problem when not. */
export function isVariableName(name: string, line: number, report: Report): boolean {
  if (NAME.test(name) && name !== '__proto__') return true
  report(line, `${quoted(name)} cannot be the name of a value: take letters, digits and _, at most 50, no digit first`)
  return false
}

/** The values of `vars`. A list that begins with a text stands for its items, one for each case; another list is a value. */
export function variablesOf(node: Node, report: Report): Variable[] {
  if (node.kind !== 'map') {
    report(node.line, 'vars must be a map of names and values')
    return []
  }
  return [...node.entries].flatMap(([name, { line, node: value }]) => {
    if (!isVariableName(name, line, report)) return []
    const foreign = findFile(value) ?? findTemplate(value)
    if (foreign) {
      report(
        foreign.line,
        `the value of ${quoted(name)} refers to a file or has a template: neither is supported in vars`,
      )
      return []
    }
    const texts = isChoice(value)
      ? value.items.map((item) => valueText(item, name, report))
      : [valueText(value, name, report)]
    return texts.every((text) => text !== undefined) ? [{ name, line, texts }] : []
  })
}

/** One value: a text, what a number or a boolean was written as, or the JSON of a list or a map. */
export function valueText(node: Node, name: string, report: Report): string | undefined {
  if (node.kind === 'scalar' && node.value === null)
    return report(node.line, `${quoted(name)} has no value: for the empty text write ""`)
  // No value has more parts than its JSON has characters.
  const isLong = node.size > 16 * limits().text
  const text = isLong ? undefined : (textOf(node) ?? jsonOf(node))
  if (text === undefined && !isLong) return report(node.line, `${quoted(name)} has a number that JSON does not have`)
  if (text === undefined || text.length > limits().text)
    return report(node.line, `the value of ${quoted(name)} has more than ${limits().text} characters`)
  return text
}

function isChoice(node: Node): node is Extract<Node, { kind: 'list' }> {
  const first = node.kind === 'list' ? node.items[0] : undefined
  return first?.kind === 'scalar' && typeof first.value === 'string'
}

/** The values with those of `own` in the place of the ones with the same names. */
export function merged(defaults: Variable[], own: Variable[]): Variable[] {
  const byName = new Map([...defaults, ...own].map((variable) => [variable.name, variable]))
  return [...byName.values()]
}
