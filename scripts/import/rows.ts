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
 * Opens a collection and reads its rows one by one. Throws one sentence when the first line does not name the columns.
 */
export async function openRows(file: string): Promise<AsyncGenerator<Row>> {
  const records = readRecords(file)
  const { value: first } = await records.next()
  return rowsOf(records, headerOf(first))
}

async function* rowsOf(records: AsyncGenerator<CsvRecord>, header: string[]): AsyncGenerator<Row> {
  for await (const { line, bytes, ...record } of records) {
    const wanted = 'broken' in record ? { refused: record.broken } : wantedBy(record.fields, header)
    yield { line, bytes, ...wanted }
  }
}

function headerOf(first: CsvRecord | undefined): string[] {
  const fields = first && 'fields' in first ? textOf(first.fields) : undefined
  const header = (fields ?? []).map((name) => name.trim().toLowerCase())
  const missing = COLUMNS.filter((name) => !header.includes(name))
  if (missing.length === 0) return header
  throw new Error(`the first line must name the columns ${COLUMNS.join(', ')}: it has no ${missing.join(', ')}`)
}

function wantedBy(bytes: Buffer[], header: string[]): Wanted | { refused: string } {
  if (bytes.length !== header.length) return { refused: 'it has more or fewer fields than the first line' }
  const fields = textOf(bytes)
  if (!fields) return { refused: 'it is not UTF-8' }
  const [title = '', content = '', type = '', contributor = ''] = COLUMNS.map((name) => fields[header.indexOf(name)])
  const tag = type.trim()
  return { contributor, title, content, tags: tag === '' ? [] : [tag] }
}

function textOf(fields: Buffer[]): string[] | undefined {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  try {
    return fields.map((field) => decoder.decode(field))
  } catch {
    return undefined
  }
}
