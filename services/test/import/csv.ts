import { parse } from 'csv-parse/sync'
import { type Draft, nameOf } from './draft.ts'
import { writtenOf } from './expected.ts'
import { limits } from './limits.ts'
import { quoted, type Report } from './problems.ts'
import { makeWritten } from './promptfoo.ts'
import { map, scalar } from './tree.ts'
import { isVariableName, variablesOf } from './variables.ts'

const MAX_COLUMNS = 200

/** Columns of promptfoo that are only for its reports. */
const IGNORED = /^__metric$|^__metadata(:|$)/
const EXPECTED = /^__expected\d*$/

type Row = { line: number; cells: string[] }

/** The tests of a CSV file of promptfoo: a row for each, a column for each value, and `__expected`, `__expected1` … for assertions. */
export function draftsOfCsv(content: string, report: Report): Draft[] {
  const [header, ...rows] = rowsOf(content, report)
  if (!header) return []
  const names = header.cells.map((cell) => cell.trim())
  if (!isReadable(names, header.line, report)) return []
  if (rows.length === 0) report(header.line, 'it has no tests')
  return rows.flatMap((row) => {
    if (row.cells.length === names.length) return [draftOf(names, row, report)]
    report(row.line, `it has ${row.cells.length} fields, and the first line has ${names.length}`)
    return []
  })
}

/** The rows that are not empty, or none, with a problem. */
function rowsOf(content: string, report: Report): Row[] {
  const rows: Row[] = []
  try {
    parse(content, {
      relax_column_count: true,
      skip_empty_lines: true,
      record_delimiter: ['\n', '\r\n'],
      // One more than a suite has cases, and the header.
      to: limits().cases + 2,
      on_record: (record: unknown, { lines }) => {
        const cells = record as string[]
        const breaks = cells.reduce((sum, cell) => sum + (cell.split('\n').length - 1), 0)
        rows.push({ line: Math.max(1, lines - breaks), cells })
        return null
      },
    })
  } catch (error) {
    const { code, lines } = error as { code?: unknown; lines?: unknown }
    if (typeof code !== 'string') throw error
    report(typeof lines === 'number' ? lines : 1, 'it is not CSV: a quote does not end, or is in the wrong place')
    return []
  }
  if (rows.length === 0) report(1, 'it has no header')
  return rows
}

function isReadable(names: string[], line: number, report: Report): boolean {
  if (names.length > MAX_COLUMNS) report(line, `it has more than ${MAX_COLUMNS} columns`)
  const isKnown = (name: string) =>
    EXPECTED.test(name) || IGNORED.test(name) || name === '__description' || name === '__threshold'
  const wrong = names.slice(0, MAX_COLUMNS).filter((name, index) => {
    if (names.indexOf(name) !== index) report(line, `the column ${quoted(name)} is there twice`)
    else if (isKnown(name)) return false
    else if (name.startsWith('__')) report(line, `the column ${quoted(name)} is not supported`)
    else return !isVariableName(name, line, report)
    return true
  })
  return wrong.length === 0 && names.length <= MAX_COLUMNS
}

function draftOf(names: string[], { line, cells }: Row, report: Report): Draft {
  const columns = names.map((name, index) => ({ name, cell: cells[index]! }))
  const threshold = columns.find(({ name }) => name === '__threshold')?.cell.trim()
  if (threshold && Number(threshold) !== 1)
    report(line, 'a threshold is not supported: all assertions of a case must hold')
  const values = columns.filter(({ name }) => !name.startsWith('__'))
  const vars = new Map(values.map(({ name, cell }) => [name, { line, node: scalar(line, cell) }]))
  return {
    line,
    name: nameOf(columns.find(({ name }) => name === '__description')?.cell ?? ''),
    variables: variablesOf(map(line, vars), report),
    assertions: columns
      .filter(({ name, cell }) => EXPECTED.test(name) && cell.trim() !== '')
      .map(({ cell }) => makeWritten(writtenOf(cell, line), report)),
    optional: false,
    weight: undefined,
  }
}
