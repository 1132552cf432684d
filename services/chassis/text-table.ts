/** Characters between two columns. */
const GAP = '  '

/** The least that a last column has, however narrow the terminal. */
const MIN_LAST = 20

/**
 * A table of texts for a terminal, a line each. Columns are as wide as what they hold; the last one gets what is left of `width` characters, and continues
 * on the next line.
 */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[], width = 100): string[] {
  const others = head
    .slice(0, -1)
    .map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)))
  const before = others.reduce((sum, length) => sum + length + GAP.length, 0)
  const last = Math.max(width - before, MIN_LAST)
  const lineOf = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(others[column] ?? 0))
      .join(GAP)
      .trimEnd()
  const linesOf = (row: readonly string[]) => {
    const [first = '', ...more] = wrap(row.at(-1)!, last)
    return [lineOf([...row.slice(0, -1), first]), ...more.map((text) => ' '.repeat(before) + text)]
  }
  const rule = lineOf(
    [...others, Math.min(last, Math.max(head.at(-1)!.length, ...rows.map((row) => row.at(-1)!.length)))].map((length) =>
      '-'.repeat(length),
    ),
  )
  return [...linesOf(head), rule, ...rows.flatMap(linesOf)]
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const line = lines.at(-1)
    if (line !== undefined && line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`
    else for (let at = 0; at === 0 || at < word.length; at += width) lines.push(word.slice(at, at + width))
  }
  return lines
}
