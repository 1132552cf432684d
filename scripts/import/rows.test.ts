import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { openRows, type Row } from './rows.ts'

const HEADER = 'act,prompt,for_devs,type,contributor\n'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rows-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

async function read(content: string | Buffer): Promise<Row[]> {
  const file = join(folder, 'rows.csv')
  writeFileSync(file, content)
  return Array.fromAsync(await openRows(file))
}

/** Line and title, or line and why there is none. */
const brief = (rows: Row[]) => rows.map((row) => [row.line, 'refused' in row ? row.refused : row.title])

const STRAY = expect.stringContaining('a quote is in the wrong place')

test('a row is its title, content, tag and contributor, whatever is quoted and wherever the columns are', async () => {
  const rows = await read('\uFEFFcontributor,type,x,Prompt,act\r\n"a, b",TEXT,,"one ""two""\r\n\r\nthree",A\r\n,,,p,B')
  expect(rows).toEqual([
    { line: 2, bytes: 39, contributor: 'a, b', title: 'A', content: 'one "two"\r\n\r\nthree', tags: ['TEXT'] },
    { line: 5, bytes: 6, contributor: '', title: 'B', content: 'p', tags: [] },
  ])
})

test('a broken line is named, and the lines behind it are read', async () => {
  expect(
    brief(await read(`${HEADER}A,"x" y,,,c\nB,x,,,c\n\nC,x "y",,,c\nD,"a\nb",,,c\nE,x\nF,"x,,,c\nG,x,,,c\n`)),
  ).toEqual([
    [2, STRAY],
    [3, 'B'],
    [5, STRAY],
    [6, 'D'],
    [8, 'it has more or fewer fields than the first line'],
    [9, 'it is not CSV: a quoted field does not end'],
    [10, 'G'],
  ])
})

test('good rows that come in one piece with a broken line are none the fewer', async () => {
  const many = Array.from({ length: 500 }, (_, number) => `A${number},x,,,c\n`).join('')
  const rows = await read(`${HEADER}${many}B,"x" y,,,c\n${many}`)
  expect(rows.filter((row) => !('refused' in row))).toHaveLength(1000)
  expect(brief(rows)[500]).toEqual([502, STRAY])
})

test('a quote that swallows megabytes is given up, and the line with it', async () => {
  const lines = `A,"x,,,c\n${'B,'.padEnd(1_000_000, 'x')},,,c\n`
  const rows = await read(HEADER + lines + lines.repeat(5).replaceAll('"', ''))
  expect(brief(rows)).toHaveLength(12)
  expect(brief(rows)[0]).toEqual([2, 'it is not CSV, or larger than 5 MiB'])
  expect(brief(rows)[1]).toEqual([3, 'B'])
})

test('bytes that are no UTF-8 are refused, not replaced', async () => {
  const rows = await read(Buffer.concat([Buffer.from(`${HEADER}A,`), Buffer.of(0xff), Buffer.from(',,,c\nB,x,,,c')]))
  expect(brief(rows)).toEqual([
    [2, 'it is not UTF-8'],
    [3, 'B'],
  ])
})

test.each([
  ['', 'it has no act, prompt, type, contributor'],
  ['act,prompt\nA,x\n', 'it has no type, contributor'],
  ['act,"prompt" x,type,contributor\n', 'it has no act, prompt, type, contributor'],
])('a file that begins with %j is refused', async (content, why) => {
  await expect(read(content)).rejects.toThrow(why)
})
