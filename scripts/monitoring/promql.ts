import { parser } from '@prometheus-io/lezer-promql'
import type { SyntaxNode } from '@lezer/common'

/** A metric that an expression reads, with the labels that it selects by. */
export type Selected = { metric: string; labels: string[] }

/** Variables of Grafana that stand where PromQL wants a duration. */
const DURATIONS = /\$__(rate_interval|range|interval)\b/g

/**
 * What an expression of PromQL selects, in the order of its text. Variables of Grafana may stand for durations. Throws, with the place, when it
 * does not parse, and when it selects series without naming their metric.
 */
export function selectedBy(expression: string): Selected[] {
  const text = expression.replaceAll(DURATIONS, '5m')
  const selected: Selected[] = []
  parser.parse(text).iterate({
    enter: ({ type, from, node }) => {
      if (type.isError) throw new Error(`not PromQL, from here on: ${text.slice(from, from + 60) || 'the end'}`)
      if (type.name === 'VectorSelector') selected.push(selection(node, text))
    },
  })
  return selected
}

function selection(node: SyntaxNode, text: string): Selected {
  const textOf = ({ from, to }: SyntaxNode) => text.slice(from, to)
  const name = node.getChild('Identifier')
  if (!name) throw new Error(`${textOf(node)} names no metric`)
  const labels: string[] = []
  node.cursor().iterate(({ type, node: inner }) => {
    if (type.name === 'LabelName' || type.name === 'QuotedLabelName') labels.push(textOf(inner))
  })
  return { metric: textOf(name), labels }
}

/** The labels that an expression groups by or joins on. */
export function groupedBy(expression: string): string[] {
  const text = expression.replaceAll(DURATIONS, '5m')
  const labels = new Set<string>()
  parser.parse(text).iterate({
    enter: ({ type, node }) => {
      if (type.name !== 'GroupingLabels') return
      for (const label of node.getChildren('LabelName')) labels.add(text.slice(label.from, label.to))
    },
  })
  return [...labels]
}
