import { createReadStream } from 'node:fs'
import { TextDecoder } from 'node:util'

/** As much of a file tells which kind it is. */
const HEAD_BYTES = 64 * 1024

const AS_UTF8 = 'save it as “CSV UTF-8”'

/**
 * Reads a file once and throws one sentence, with the cause and what to do, when it is not a CSV file that can be imported: when
 * it is not UTF-8 anywhere, or its first line shows that it is separated otherwise.
 */
export async function assertReadable(file: string): Promise<void> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let line = 1
  let isFirst = true
  for await (const chunk of createReadStream(file, { highWaterMark: HEAD_BYTES })) {
    const bytes = chunk as Buffer
    if (isFirst) assertKnownKind(bytes)
    isFirst = false
    line = readLines(decoder, bytes, line)
  }
  readLines(decoder, undefined, line)
}

/** Answers with the line that the bytes end in. */
function readLines(decoder: TextDecoder, bytes: Buffer | undefined, line: number): number {
  try {
    const text = bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode()
    return line + text.split('\n').length - 1
  } catch {
    throw new Error(`the file is not UTF-8, at line ${line} or soon after it: ${AS_UTF8}. Nothing was imported`)
  }
}

function assertKnownKind(head: Buffer): void {
  if (isUtf16(head)) throw new Error(`the file is UTF-16: ${AS_UTF8}. Nothing was imported`)
  const text = head.toString('utf8').replace(/^\uFEFF/, '')
  const [line = ''] = text.split(/\r?\n/)
  if (/\r./.test(line)) {
    throw new Error(
      'the lines of the file end with CR alone: save it with the line ends of Unix or Windows (LF or CRLF)',
    )
  }
  if (/^"?sep=/i.test(line)) {
    throw new Error(
      'the file begins with “sep=”, which only Excel reads: remove that line, and separate fields by commas',
    )
  }
  const [separator] = [';', '\t', '|'].filter((one) => line.split(one).length > line.split(',').length)
  if (separator === undefined) return
  const name = { ';': 'semicolons', '\t': 'tabs' }[separator] ?? 'bars'
  throw new Error(`the fields of the file are separated by ${name}: save it with commas`)
}

/** With a byte order mark, or without: then a Latin letter has a zero beside it. */
const isUtf16 = (head: Buffer) =>
  (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff) || head.subarray(0, 4).includes(0)
