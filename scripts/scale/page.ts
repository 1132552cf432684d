import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const PAGE = join(import.meta.dirname, '../../docs/reference/scale.md')

/** Puts a block between its marks on a page, or at the end of it when it has none yet. */
export function withBlock(page: string, name: string, block: string): string {
  const [begin, end] = [`<!-- scale ${name}: begin -->`, `<!-- scale ${name}: end -->`]
  const text = `${begin}\n\n${block}\n\n${end}`
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from === -1 || to < from) return `${page.trimEnd()}\n\n${text}\n`
  return `${page.slice(0, from)}${text}${page.slice(to + end.length)}`
}

/** The same on the page of the scale. */
export const writeBlock = (name: string, block: string): void =>
  writeFileSync(PAGE, withBlock(readFileSync(PAGE, 'utf8'), name, block))
