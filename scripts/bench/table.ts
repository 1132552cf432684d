import type { Figures, Result } from './measure.ts'
import type { BenchSite } from './site.ts'

/** What the table of events, or that of tests, shows of one thing. */
export type SpineResult = {
  what: string
  /** With its unit. */
  measured: string
  bare?: string
  ratio?: number
  /** MiB that the process had resident at the most. */
  memoryMiB?: number
}

const HEAD = [
  'call',
  'c',
  'req/s',
  'bare',
  'ratio',
  'p50 ms',
  'bare',
  'p99 ms',
  'bare',
  'CPU µs',
  'bare',
  'ratio',
  'errors',
]

/** The results as a table in Markdown, its columns aligned. */
export const resultTable = (results: Result[]) => markdown(HEAD, results.map(resultRow))

/** Memory and start of each service as a table in Markdown. */
export const restTable = (services: BenchSite['atRest']) =>
  markdown(
    ['service', 'resident at rest MiB', 'with compiled code kept', 'ready after ms', 'with compiled code kept'],
    services.map(({ name, first, again }) => [
      name,
      first.residentMiB.toFixed(0),
      again.residentMiB.toFixed(0),
      first.readyMs.toFixed(0),
      again.readyMs.toFixed(0),
    ]),
  )

/** The way of events, or of tests, as a table in Markdown. */
export const spineTable = (title: string, results: SpineResult[]) =>
  markdown(
    [title, 'measured', 'bare', 'ratio', 'memory MiB'],
    results.map(({ what, measured, bare = '', ratio, memoryMiB }) => [
      what,
      measured,
      bare,
      ratio?.toFixed(2) ?? '',
      String(memoryMiB ?? ''),
    ]),
  )

/** One result of events in a line. */
export const spineLine = ({ what, measured, ratio, memoryMiB }: SpineResult) =>
  [
    `${what}: ${measured}`,
    ...(ratio === undefined ? [] : [`ratio ${ratio.toFixed(2)}`]),
    ...(memoryMiB === undefined ? [] : [`${memoryMiB} MiB at the most`]),
  ].join(', ')

/** One result in a line. */
export function resultLine({ cell, concurrency, real, bare, ratio }: Result): string {
  const speed = ({ requestsPerSecond }: Figures) => requestsPerSecond.toFixed(0)
  const wrong = errorText(real, bare)
  const note = wrong && ` ERRORS ${wrong}`
  return `${cell} c=${concurrency}: ${speed(real)} against ${speed(bare)} requests/s, ratio ${ratio.toFixed(2)}${note}`
}

function resultRow({ cell, concurrency, real, bare, ratio, cpuRatio }: Result): string[] {
  const both = (name: 'p50' | 'p99') => [real, bare].map((side) => (side[name] / 1000).toFixed(2))
  return [
    cell,
    String(concurrency),
    real.requestsPerSecond.toFixed(0),
    bare.requestsPerSecond.toFixed(0),
    ratio.toFixed(2),
    ...both('p50'),
    ...both('p99'),
    real.cpu.toFixed(0),
    bare.cpu.toFixed(0),
    cpuRatio.toFixed(2),
    errorText(real, bare) || 'none',
  ]
}

// An answer of another size is another answer: then the two sides do not do the same.
const SIZE_TOLERANCE = 0.05

function errorText(real: Figures, bare: Figures): string {
  const of = (side: string, { errors }: Figures) =>
    Object.entries(errors).map(([what, count]) => `${side} ${count} × ${what}`)
  const differ = Math.abs(real.bytes / bare.bytes - 1) > SIZE_TOLERANCE
  const sizes = differ ? [`answers of ${real.bytes.toFixed(0)} and ${bare.bytes.toFixed(0)} bytes`] : []
  return [...of('real', real), ...of('bare', bare), ...sizes].join(', ')
}

/** A table in Markdown, its columns aligned: names to the left, figures to the right. */
export function markdown(head: string[], rows: string[][]): string {
  const widths = head.map((title, column) => Math.max(2, title.length, ...rows.map((row) => row[column]!.length)))
  const cell = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[column]!)
  const line = (row: string[]) => `| ${row.map(cell).join(' | ')} |`
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(head), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n')
}
