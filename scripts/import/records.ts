import { createReadStream } from 'node:fs'
import { type CsvError, parse, type Parser } from 'csv-parse'

/** One record of a CSV file, or the line at which none could be read. */
export type CsvRecord = {
  /** The line that it begins at, from 1. */
  line: number
  /** How many it takes of the file, with empty lines before it. */
  bytes: number
} & ({ fields: Buffer[] } | { broken: string })

/** More than the gateway takes as a request. What a forgotten quote swallows is given up here. */
const MAX_RECORD_BYTES = 5 * 1024 * 1024

const BOM = Buffer.from('\uFEFF')
const NEWLINE = 0x0a

/**
 * Reads a CSV file with no more than a record and a chunk of it in memory. Fields are bytes, for only their reader knows whether
 * they are text. Empty lines are left out. After a broken line it goes on with the next one, for a reader who wants that: a quote
 * that is missing or too many would otherwise take the good lines behind it along.
 */
export async function* readRecords(file: string): AsyncGenerator<CsvRecord> {
  let line = 1
  let begin = 0
  let end = (await startsWithBom(file)) ? BOM.length : 0
  for (;;) {
    let reason: string | undefined
    for await (const record of readUntilBroken(file, end)) {
      if ('reason' in record) {
        reason = record.reason
        break
      }
      const { fields } = record
      end = record.end
      if (fields.length > 1 || fields[0]!.length > 0) {
        yield { line, bytes: end - begin, fields }
        begin = end
      }
      line += 1 + fields.reduce((sum, field) => sum + newlinesIn(field), 0)
    }
    if (reason === undefined) return
    end = await endOfLine(file, end)
    yield { line, bytes: end - begin, broken: reason }
    begin = end
    line++
  }
}

type Piece = { end: number; fields: Buffer[] } | { reason: string }

async function* readUntilBroken(file: string, start: number): AsyncGenerator<Piece> {
  let read: Piece[] = []
  const parser = parse({
    encoding: null,
    record_delimiter: ['\n', '\r\n'],
    relax_column_count: true,
    max_record_size: MAX_RECORD_BYTES,
    // Not by the parser's own stream: an error there throws away the good records before it.
    on_record: (fields: unknown, { bytes }) => {
      read.push({ fields: fields as Buffer[], end: start + bytes })
      return null
    },
  })
  parser.on('error', () => undefined) // each call below gets the error too
  for await (const chunk of createReadStream(file, { start })) {
    const error = await written(parser, chunk as Buffer)
    yield* read
    if (error) return yield { reason: reasonOf(error) }
    read = []
  }
  const error = await written(parser)
  yield* read
  if (error) yield { reason: reasonOf(error) }
}

/** Writes a chunk, or ends the parser without one. */
const written = (parser: Parser, chunk?: Buffer) =>
  new Promise<CsvError | null | undefined>((resolve) => {
    const done = (error?: Error | null) => resolve(error as CsvError | null | undefined)
    if (chunk) parser.write(chunk, done)
    else parser.end(done)
  })

/** In our words: the parser's messages quote the line. */
function reasonOf({ code }: CsvError): string {
  if (code === 'CSV_QUOTE_NOT_CLOSED') return 'it is not CSV: a quoted field does not end'
  if (code === 'CSV_MAX_RECORD_SIZE') return 'it is not CSV, or larger than 5 MiB'
  return 'it is not CSV: a quote is in the wrong place (inside a quoted field, write it twice)'
}

function newlinesIn(field: Buffer): number {
  let count = 0
  for (let at = field.indexOf(NEWLINE); at !== -1; at = field.indexOf(NEWLINE, at + 1)) count++
  return count
}

/** The byte behind the line that `start` is in. */
async function endOfLine(file: string, start: number): Promise<number> {
  let end = start
  for await (const chunk of createReadStream(file, { start })) {
    const at = (chunk as Buffer).indexOf(NEWLINE)
    if (at !== -1) return end + at + 1
    end += (chunk as Buffer).length
  }
  return end
}

async function startsWithBom(file: string): Promise<boolean> {
  for await (const chunk of createReadStream(file, { end: BOM.length - 1 })) return BOM.equals(chunk as Buffer)
  return false
}
