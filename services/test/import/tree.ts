/** A value of a file, and the line where it begins, from 1. A part that a file refers to twice is the same object twice. */
export type Node = { line: number; size: number; depth: number } & (Scalar | List | Dict)

/** `text` is as written, without quotes; `value` what it means. */
type Scalar = { kind: 'scalar'; text: string; value: string | number | bigint | boolean | null }
type List = { kind: 'list'; items: Node[] }
type Dict = { kind: 'map'; entries: Map<string, Entry> }

/** A member of a map. The line is the name's. */
export type Entry = { line: number; node: Node }

/** Characters and parts that a file may have where each reference counts as what it refers to. A file of 1 MiB without references has fewer. */
const MAX_SIZE = 8 * 1024 * 1024
const PART_SIZE = 8
const MAX_DEPTH = 100

export const scalar = (line: number, text: string, value: Scalar['value'] = text): Node => ({
  kind: 'scalar',
  line,
  text,
  value,
  size: PART_SIZE + text.length,
  depth: 1,
})

export const list = (line: number, items: Node[]): Node => ({ kind: 'list', line, items, ...extent(items) })

export function map(line: number, entries: Map<string, Entry>): Node {
  const names = [...entries.keys()].reduce((sum, name) => sum + name.length, 0)
  const { size, depth } = extent([...entries.values()].map(({ node }) => node))
  return { kind: 'map', line, entries, size: size + names, depth }
}

function extent(nodes: Node[]): { size: number; depth: number } {
  let [size, depth] = [PART_SIZE, 0]
  for (const node of nodes) {
    size += node.size
    depth = Math.max(depth, node.depth)
  }
  return { size, depth: depth + 1 }
}

/** Whether references make more of it than is read. */
export const isTooLarge = ({ size, depth }: Node) => size > MAX_SIZE || depth > MAX_DEPTH

/** The member of a map with this name; undefined when there is none. */
export const member = (node: Node, name: string): Entry | undefined =>
  node.kind === 'map' ? node.entries.get(name) : undefined

/** The text of a string; of a number or a boolean as it was written. Undefined when it is something else. */
export const textOf = (node: Node): string | undefined =>
  node.kind === 'scalar' && node.value !== null ? node.text : undefined

/** The number. Undefined when it is something else, infinite or none. */
export function numberOf(node: Node): number | undefined {
  const value = node.kind === 'scalar' ? node.value : undefined
  const number = typeof value === 'bigint' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/

/** The value as JSON, its numbers as written. Undefined when it has a number that JSON cannot have. */
export function jsonOf(node: Node): string | undefined {
  switch (node.kind) {
    case 'scalar':
      if (typeof node.value !== 'number' && typeof node.value !== 'bigint') return JSON.stringify(node.value)
      if (JSON_NUMBER.test(node.text)) return node.text
      return numberOf(node) === undefined ? undefined : String(node.value)
    case 'list': {
      const items = node.items.map(jsonOf)
      return items.includes(undefined) ? undefined : `[${items.join(',')}]`
    }
    case 'map': {
      const members = [...node.entries].map(([name, entry]) => {
        const json = jsonOf(entry.node)
        return json === undefined ? undefined : `${JSON.stringify(name)}:${json}`
      })
      return members.includes(undefined) ? undefined : `{${members.join(',')}}`
    }
  }
}

/** The first string in it that this holds for. */
export function findText(node: Node, holds: (text: string) => boolean): Node | undefined {
  switch (node.kind) {
    case 'scalar':
      return typeof node.value === 'string' && holds(node.text) ? node : undefined
    case 'list':
      return firstOf(node.items, holds)
    case 'map':
      return firstOf(
        [...node.entries.values()].map((entry) => entry.node),
        holds,
      )
  }
}

function firstOf(nodes: Node[], holds: (text: string) => boolean): Node | undefined {
  for (const node of nodes) {
    const found = findText(node, holds)
    if (found) return found
  }
  return undefined
}
