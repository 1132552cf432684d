import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Pair,
  type ParsedNode,
  Parser,
  type YAMLMap,
} from 'yaml'
import { quoted, type Report } from './problems.ts'
import { type Entry, isTooLarge, list, map, type Node, scalar } from './tree.ts'

const MAX_ALIASES = 50

// The library composes recursively, and its own error about the end of the stack can end the process. It needs about 5 µs for a lexeme.
const MAX_DEPTH = 100
const MAX_LEXEMES = 250_000

const CORE_TAG = /^tag:yaml\.org,2002:(str|int|float|bool|null|map|seq)$/

/** A file that is given up: what is behind this line cannot be read. */
class Unreadable extends Error {
  readonly line: number

  constructor(line: number, message: string) {
    super(message)
    this.line = line
  }
}

/**
 * Reads one document of YAML 1.2, or JSON, with the merge keys (`<<`) of 1.1. Of tags there are those of JSON's types; nothing
 * is made or run. Undefined, with a problem, when it cannot be read; an empty file is null.
 */
export function readYaml(content: string, report: Report): Node | undefined {
  const lines = new LineCounter()
  try {
    const document = compose(content, lines, report)
    if (!document) return undefined
    return document.contents === null ? scalar(1, '', null) : new Reading(lines, report).read(document.contents)
  } catch (error) {
    if (error instanceof Unreadable) return report(error.line, error.message)
    throw error
  }
}

function compose(content: string, lines: LineCounter, report: Report): Document.Parsed | undefined {
  const composer = new Composer({ uniqueKeys: false, logLevel: 'silent', stringKeys: false })
  const documents = composer.compose(tokensOf(content, lines), true, content.length)
  const [first, second] = [documents.next().value, documents.next().value]
  if (!first) return undefined
  if (second) return report(lineAt(lines, second.range[0]), 'it has several documents: one is read')
  for (const { pos, message } of first.errors) report(lineAt(lines, pos[0]), `it cannot be read: ${message}`)
  return first.errors.length > 0 ? undefined : first
}

function* tokensOf(content: string, lines: LineCounter) {
  const parser = new Parser(lines.addNewLine)
  let lexemes = 0
  lines.addNewLine(0)
  for (const lexeme of new Lexer().lex(content)) {
    for (const token of parser.next(lexeme)) yield known(token, lines)
    const line = lines.lineStarts.length
    if (hasBadEscape(lexeme))
      throw new Unreadable(line, 'a text in double quotes has a backslash before what needs none')
    if (++lexemes > MAX_LEXEMES) throw new Unreadable(line, 'it has more than 250,000 words and signs up to here')
    if (parser.stack.length > MAX_DEPTH) throw new Unreadable(line, 'it is nested too deep')
  }
  yield* parser.end()
}

const ESCAPE = /\\(?:[0abefnrtvNLP_ "/\\\t\r\n]|x[\dA-Fa-f]{2}|u[\dA-Fa-f]{4}|U[\dA-Fa-f]{8})/g

/** Each would be an error of its own, of as many as the text has characters. */
const hasBadEscape = (lexeme: string) => lexeme.startsWith('"') && lexeme.replaceAll(ESCAPE, '').includes('\\')

/** Of errors and directives there can be as many as lexemes, each of which costs more than others. */
function known(token: CST.Token, lines: LineCounter): CST.Token {
  if (token.type === 'error') throw new Unreadable(lineAt(lines, token.offset), `it cannot be read: ${token.message}`)
  if (token.type === 'directive') throw new Unreadable(lineAt(lines, token.offset), 'directives are not supported')
  return token
}

const nameOf = ({ value, source }: ParsedNode & { value: unknown; source?: string }) =>
  typeof value === 'string' ? value : (source ?? '')

const lineAt = (lines: LineCounter, offset: number) => Math.max(1, lines.linePos(offset).line)

class Reading {
  readonly #lines: LineCounter
  readonly #report: Report
  readonly #anchors = new Map<string, Node>()
  #aliases = 0

  constructor(lines: LineCounter, report: Report) {
    this.#lines = lines
    this.#report = report
  }

  read(node: ParsedNode | null): Node {
    if (node === null) return scalar(1, '', null)
    if (isAlias(node)) return this.#aliased(node.source, this.#lineOf(node))
    const { tag, anchor } = node
    if (tag !== undefined && !CORE_TAG.test(tag))
      this.#report(this.#lineOf(node), `the tag ${quoted(tag)} is not supported`)
    const read = this.#plain(node)
    if (isTooLarge(read)) throw new Unreadable(read.line, 'it has too much, or is nested too deep, by its aliases')
    if (anchor !== undefined) this.#anchors.set(anchor, read)
    return read
  }

  #aliased(name: string, line: number): Node {
    if (++this.#aliases > MAX_ALIASES) throw new Unreadable(line, `it has more than ${MAX_ALIASES} aliases`)
    const node = this.#anchors.get(name)
    if (!node) throw new Unreadable(line, `the alias ${quoted(name)} has no anchor before it`)
    return node
  }

  #plain(node: ParsedNode): Node {
    const line = this.#lineOf(node)
    if (isSeq<ParsedNode>(node))
      return list(
        line,
        node.items.map((item) => this.read(item)),
      )
    if (isMap<ParsedNode, ParsedNode | null>(node)) return map(line, this.#entriesOf(node))
    if (!isScalar(node)) return scalar(line, '', null)
    const { value, source } = node
    if (typeof value === 'string') return scalar(line, value)
    if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
      return scalar(line, source ?? String(value), value)
    return scalar(line, '', null)
  }

  #entriesOf(node: YAMLMap<ParsedNode, ParsedNode | null>): Map<string, Entry> {
    const entries = new Map<string, Entry>()
    const merged: Node[] = []
    for (const { key, value } of node.items as Pair<ParsedNode, ParsedNode | null>[]) {
      const line = key ? this.#lineOf(key) : this.#lineOf(node)
      const name = isScalar(key) ? nameOf(key) : undefined
      const read = value === null ? scalar(line, '', null) : this.read(value)
      if (name === undefined) this.#report(line, 'the name of a member must be a text')
      else if (name === '<<' && isScalar(key) && key.type === 'PLAIN') merged.push(...this.#mergedOf(read, line))
      else if (entries.has(name)) this.#report(line, `${quoted(name)} is there twice`)
      else entries.set(name, { line, node: read })
    }
    for (const [name, entry] of merged.flatMap((one) => (one.kind === 'map' ? [...one.entries] : [])))
      if (!entries.has(name)) entries.set(name, entry)
    return entries
  }

  #mergedOf(node: Node, line: number): Node[] {
    const nodes = node.kind === 'list' ? node.items : [node]
    if (nodes.some(({ kind }) => kind !== 'map')) this.#report(line, '<< merges a map, or a list of maps')
    return nodes
  }

  #lineOf = (node: ParsedNode | YAMLMap): number => lineAt(this.#lines, node.range?.[0] ?? 0)
}
