import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { BSON } from 'mongodb'

const { EJSON } = BSON

/** A document, and the collection that it belongs to. */
export type Entry = { collection: string; document: BSON.Document }

/**
 * Writes a backup: gzip of a line for each document, in canonical Extended JSON, and a last line with their number and SHA-256. The file has its
 * name only when it is complete and on the disk. Answers with the number of documents.
 */
export async function writeBackup(path: string, entries: AsyncIterable<Entry>): Promise<number> {
  const draft = `${path}.part`
  let documents = 0
  async function* lines() {
    const hash = createHash('sha256')
    for await (const entry of entries) {
      const line = `${EJSON.stringify(entry, { relaxed: false })}\n`
      hash.update(line)
      documents += 1
      yield line
    }
    yield `${JSON.stringify({ end: { documents, sha256: hash.digest('hex') } })}\n`
  }
  try {
    await pipeline(lines, createGzip(), createWriteStream(draft, { mode: 0o600, flush: true }))
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
  await synchronise(dirname(path))
  return documents
}

async function synchronise(folder: string) {
  await using handle = await open(folder)
  await handle.sync()
}

/** Reads a backup as it was written. Throws one sentence for a file that is damaged or incomplete, at its end at the latest. */
export async function* readBackup(path: string): AsyncGenerator<Entry> {
  const hash = createHash('sha256')
  let documents = 0
  let isComplete = false
  try {
    for await (const line of linesOf(path)) {
      if (isComplete) throw new Error('something follows its last line')
      const read = EJSON.parse(line, { relaxed: false }) as Entry | { end: { documents: unknown; sha256: string } }
      if ('end' in read) {
        isComplete = true
        if (Number(read.end.documents) !== documents || read.end.sha256 !== hash.digest('hex'))
          throw new Error('its checksum is wrong')
      } else {
        hash.update(`${line}\n`)
        documents += 1
        yield read
      }
    }
    if (!isComplete) throw new Error('its end is missing')
  } catch (error) {
    throw new Error(`the backup ${path} is damaged: ${(error as Error).message}; use another one`, { cause: error })
  }
}

async function* linesOf(path: string): AsyncGenerator<string> {
  const text = createGunzip().setEncoding('utf8')
  const source = createReadStream(path).on('error', (error) => text.destroy(error))
  let rest = ''
  try {
    for await (const chunk of source.pipe(text) as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop()!
      yield* lines
    }
    if (rest) yield rest
  } finally {
    source.destroy()
  }
}
