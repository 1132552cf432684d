import type { Report } from './problems.ts'
import { quoted } from './problems.ts'
import { findText, list, type Node, scalar } from './tree.ts'

const MARK = /\{\{|\{%|\{#/
const PLACEHOLDER = /\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}/g

/** Longer ones are too long for every field. */
const MAX_CHARACTERS = 40_000

/** The first text in it that promptfoo would take for a template. */
export const findTemplate = (node: Node): Node | undefined => findText(node, (text) => MARK.test(text))

/**
 * A text, or a list of texts, with the case's values for their `{{name}}`. Undefined, with a problem, for a name without a value, and
 * for what else templates of promptfoo can do.
 */
export function rendered(node: Node, values: ReadonlyMap<string, string>, report: Report): Node | undefined {
  const template = findTemplate(node)
  if (!template) return node
  if (node.kind === 'map') return report(template.line, 'templates in JSON are not supported')
  if (node.kind === 'scalar') return renderedText(node.line, node.text, values, report)
  const items = node.items.map((item) => rendered(item, values, report))
  return items.every((item) => item !== undefined) ? list(node.line, items) : undefined
}

function renderedText(line: number, text: string, values: ReadonlyMap<string, string>, report: Report) {
  if (MARK.test(text.replaceAll(PLACEHOLDER, '')))
    return report(line, 'of templates {{name}} is supported, without filters, blocks and comments')
  const parts: string[] = []
  let [from, length] = [0, text.length]
  for (const { 0: whole, 1: name = '', index } of text.matchAll(PLACEHOLDER)) {
    const value = values.get(name)
    if (value === undefined) return report(line, `the test has no value for ${quoted(name)}`)
    length += value.length
    if (length > MAX_CHARACTERS) return report(line, 'it is too long with the values of the test')
    parts.push(text.slice(from, index), value)
    from = index + whole.length
  }
  return scalar(line, parts.join('') + text.slice(from))
}

/** The first text in it that promptfoo would read from a file or take from a script. */
export const findFile = (node: Node): Node | undefined =>
  findText(node, (text) => /^\s*(file:\/\/|package:)/i.test(text))
