import { LINE } from '#chassis/texts.ts'
import { assertReadable } from './encoding.ts'
import { type CsvRecord, readRecords } from './records.ts'

/** A row of a prompt collection. */
export type Row = {
  /** The line of the file that it begins at, from 1. */
  line: number
  /** How many it takes of the file. */
  bytes: number
} & (Wanted | { refused: string })

/** What a row asks for. */
export type Wanted = {
  /** As the file names them, an e-mail address perhaps: never shown. */
  contributor: string
  title: string
  content: string
  tags: string[]
}

/** The columns that are used; others, such as `for_devs`, may be there. */
const COLUMNS = ['act', 'prompt', 'type', 'contributor'] as const

/**
 * Opens a collection and reads its rows one by one, to the first that is broken, or past it with `skipBroken`: what is behind a
 * broken row may be the text of that row, and look like the row of somebody else. Throws one sentence when the file is not CSV in
 * UTF-8 or its first line does not name the columns.
 */
export async function openRows(file: string, { skipBroken }: { skipBroken: boolean }): Promise<AsyncGenerator<Row>> {
  await assertReadable(file)
  const records = readRecords(file)
  const { value: first } = await records.next()
  return rowsOf(records, headerOf(first), skipBroken)
}

async function* rowsOf(records: AsyncGenerator<CsvRecord>, header: string[], skipBroken: boolean): AsyncGenerator<Row> {
  for await (const { line, bytes, ...record } of records) {
    const row = rowOf(record, header)
    if ('refused' in row && !skipBroken) {
      yield { line, bytes, refused: `${row.refused}${NOTHING_BEHIND}` }
      return
    }
    yield { line, bytes, ...row }
  }
}

const NOTHING_BEHIND =
  '. Nothing from this line to the end of the file was imported, since it may be part of this row: mend the row, or see --skip-broken'

function headerOf(first: CsvRecord | undefined): string[] {
  const fields = first && 'fields' in first ? textOf(first.fields) : undefined
  const header = (fields ?? []).map((name) => name.trim().toLowerCase())
  const missing = COLUMNS.filter((name) => !header.includes(name))
  if (missing.length === 0) return header
  throw new Error(`the first line must name the columns ${COLUMNS.join(', ')}: it has no ${missing.join(', ')}`)
}

function rowOf(record: { fields: Buffer[] } | { broken: string }, header: string[]): Wanted | { refused: string } {
  if ('broken' in record) return { refused: record.broken }
  if (record.fields.length !== header.length) return { refused: 'it has more or fewer fields than the first line' }
  const fields = textOf(record.fields)
  const [title = '', content = '', type = '', contributor = ''] = COLUMNS.map((name) => fields[header.indexOf(name)])
  const tag = type.trim()
  // As the server reads a title, but for its line breaks, which it refuses.
  const line = LINE.read(title.replaceAll(/\s*[\r\n]+\s*/g, ' '))
  return { contributor, title: line, content, tags: tag === '' ? [] : [tag] }
}

/** A byte order mark inside the file is text. */
function textOf(fields: Buffer[]): string[] {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  return fields.map((field) => decoder.decode(field))
}
