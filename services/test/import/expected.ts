import { isRead, type Written } from './assertion.ts'
import { scalar } from './tree.ts'
import { UNSUPPORTED } from './unsupported.ts'

/** `not-contains: text`, `latency(500)`, `is-json`. */
const FORM = /^(not-)?([a-z][a-z0-9-]*)(?:\((\d+(?:\.\d+)?)\))?(?::([^]*))?$/

const LEGACY: [prefix: RegExp, type: string][] = [
  [/^(fn|eval):/, 'javascript'],
  [/^file:\/\/.*\.py(:|$)/, 'python'],
  [/^file:\/\/.*\.[cm]?[jt]s(:|$)/, 'javascript'],
]

/** Reads a cell of `__expected` as promptfoo does. A text that names no type of assertion is what the answer must equal. */
export function writtenOf(cell: string, line: number): Written {
  const text = cell.trim()
  const [, graded] = /^grade:([^]*)$/.exec(text) ?? []
  if (graded !== undefined) return { type: 'llm-rubric', line, value: scalar(line, graded.trim()) }
  const legacy = LEGACY.find(([prefix]) => prefix.test(text))
  if (legacy) return { type: legacy[1], line }
  const [, not = '', type = '', threshold, value] = FORM.exec(text) ?? []
  if (!isRead(type) && !UNSUPPORTED.has(type)) return { type: 'equals', line, value: scalar(line, text) }
  return {
    type: `${not}${type}`,
    line,
    value: value?.trim() ? scalar(line, value.trim()) : undefined,
    threshold: threshold === undefined ? undefined : scalar(line, threshold, Number(threshold)),
  }
}
