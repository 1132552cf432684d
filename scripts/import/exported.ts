import { createReadStream } from 'node:fs'
import { Variable } from '../../services/contracts/gen/promptforge/prompt/v1/prompt.ts'
import { ExportLine } from '../../services/contracts/gen/promptforge/version/v1/export.ts'
import type { Version } from '../../services/contracts/gen/promptforge/version/v1/version.ts'
import { contentHash } from '../../services/version/version.ts'

/** A prompt of an export; its versions stay in the file until they are needed. */
export type ExportedPrompt = {
  /** The line of the file that it begins at, from 1. */
  line: number
  /** How many it takes of the file, with its versions. */
  bytes: number
  /** Where its versions begin in the file. */
  start: number
  prompt: Extract<NonNullable<ExportLine['line']>, { $case: 'prompt' }>['value']
  /** Of each version, from the first on. */
  versions: { title: string; hash: string }[]
  /** The lowest number of which it has no version; undefined when it has all. */
  missing: number | undefined
}

/** More than the longest line of an export. */
const MAX_LINE_BYTES = 5 * 1024 * 1024

const NEWLINE = 0x0a

/**
 * Reads an export from beginning to end and answers with its prompts. Throws one sentence when it is not an export, or not a complete one: so
 * nothing of it is imported.
 */
export async function openExport(file: string): Promise<ExportedPrompt[]> {
  const prompts: ExportedPrompt[] = []
  let versions = 0
  let number = 0
  let end: { prompts: number; versions: number } | undefined
  for await (const { start, bytes } of linesOf(file)) {
    number += 1
    if (end)
      throw new Error(`line ${number} is behind the end of the export: import each export from a file of its own`)
    const line = parse(bytes, number)
    const size = bytes.length + 1
    const last = prompts.at(-1)
    if (line.$case === 'prompt') {
      const after = start + size
      prompts.push({ line: number, bytes: size, start: after, prompt: line.value, versions: [], missing: undefined })
    } else if (line.$case === 'version' && last?.prompt.id === line.value.promptId) {
      add(last, line.value)
      last.bytes += size
      versions += 1
    } else if (line.$case === 'end') end = line.value
    else throw new Error(`line ${number} is not of the prompt before it: the file is not as it was exported`)
  }
  if (end?.prompts !== prompts.length || end.versions !== versions)
    throw new Error('the export is not complete: download it again. Nothing was imported')
  for (const one of prompts) if (one.versions.length < one.prompt.version) one.missing ??= one.versions.length + 1
  return prompts
}

/** The versions of a prompt, oldest first, one in memory at a time. */
export async function* versionsOf(file: string, { start, versions }: ExportedPrompt): AsyncGenerator<Version> {
  let left = versions.length
  if (left === 0) return
  for await (const { bytes } of linesOf(file, start)) {
    const line = parse(bytes, 0)
    if (line.$case === 'version') yield line.value
    if (--left === 0) return
  }
}

function add(to: ExportedPrompt, version: Version) {
  to.versions.push({ title: version.title, hash: hashOf(version) })
  if (version.version !== to.versions.length) to.missing ??= to.versions.length
}

/** Not the one that the line names: somebody may have edited it. */
function hashOf({ title, content, description, category, model, variables }: Version): string {
  const stored = variables.map((variable) => Variable.toJSON(variable))
  return contentHash({ title, content, description, category, model, variables: stored })
}

function parse(bytes: Buffer, number: number): NonNullable<ExportLine['line']> {
  try {
    const { line } = ExportLine.fromJSON(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)))
    if (line) return line
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error
  }
  throw new Error(`line ${number} is not a line of an export. Nothing was imported`)
}

/** Lines as bytes: in JSON a text may have other characters that are line breaks to some. */
async function* linesOf(file: string, start = 0): AsyncGenerator<{ start: number; bytes: Buffer }> {
  let parts: Buffer[] = []
  let length = 0
  let at = start
  for await (const chunk of createReadStream(file, { start, highWaterMark: 1024 * 1024 })) {
    let rest = chunk as Buffer
    for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE)) {
      const bytes = Buffer.concat([...parts, rest.subarray(0, end)])
      yield { start: at, bytes }
      at += bytes.length + 1
      rest = rest.subarray(end + 1)
      parts = []
      length = 0
    }
    parts.push(rest)
    length += rest.length
    if (length > MAX_LINE_BYTES)
      throw new Error('the file has a line that is too long for an export. Nothing was imported')
  }
  if (length > 0) yield { start: at, bytes: Buffer.concat(parts) }
}
