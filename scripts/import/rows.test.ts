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

async function read(content: string | Buffer, options = { skipBroken: true }): Promise<Row[]> {
  const file = join(folder, 'rows.csv')
  writeFileSync(file, content)
  return Array.fromAsync(await openRows(file, options))
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

test('a broken line is named, and with --skip-broken the lines behind it are read', async () => {
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

const EVIL = 'B,now a row of somebody else,,TEXT,victim\n'

test.each([
  ['a quote in the wrong place', `A,"he said "do\n${EVIL}so",,,c\nC,x,,,c\n`, 'a quote is in the wrong place'],
  ['a quote that does not end', `A,"x,,,c\n${EVIL}C,x,,,c\n`, 'a quoted field does not end'],
  ['lines without quotes', `A,first line\n${EVIL}last line,,,c\n`, 'it has more or fewer fields'],
  ['a comma without quotes', `A,one, two,,,c\n${EVIL}`, 'it has more or fewer fields'],
])('behind a row with %s nothing is taken, for it may be text of that row', async (_, rest, why) => {
  const rows = await read(`${HEADER}Z,x,,,c\n${rest}`, { skipBroken: false })
  expect(brief(rows)).toEqual([
    [2, 'Z'],
    [3, expect.stringContaining(why)],
  ])
  expect(brief(rows)[1]![1]).toContain('Nothing from this line to the end of the file was imported')
})

const ROWS = `${HEADER}${'Ä,x,,TEXT,c\n'.repeat(20_000)}`

test.each([
  ['it is Latin-1', Buffer.from(ROWS, 'latin1'), 'not UTF-8, at line 1 or soon after it: save it as “CSV UTF-8”'],
  ['one byte at its end is none', Buffer.concat([Buffer.from(ROWS), Buffer.of(0xc3)]), 'not UTF-8, at line 20002'],
  ['it is UTF-16', Buffer.from(`\uFEFF${ROWS}`, 'utf16le'), 'the file is UTF-16: save it as “CSV UTF-8”'],
  ['it is UTF-16, without a mark', Buffer.from(ROWS, 'utf16le'), 'the file is UTF-16'],
  ['it is UTF-16 of the other kind', Buffer.from(`\uFEFF${ROWS}`, 'utf16le').swap16(), 'the file is UTF-16'],
  ['it has semicolons', Buffer.from(ROWS.replaceAll(',', ';')), 'separated by semicolons: save it with commas'],
  ['it has tabs', Buffer.from(ROWS.replaceAll(',', '\t')), 'separated by tabs: save it with commas'],
  ['it is for Excel alone', Buffer.from(`\uFEFFsep=;\r\n${ROWS}`), 'begins with “sep=”'],
  ['its lines end with CR', Buffer.from(ROWS.replaceAll('\n', '\r')), 'end with CR alone'],
])('a file is refused as a whole, before its first row, with the cause when %s', async (_, content, why) => {
  await expect(read(content)).rejects.toThrow(why)
})

test.each([
  ['', 'it has no act, prompt, type, contributor'],
  ['act,prompt\nA,x\n', 'it has no type, contributor'],
  ['act,"prompt" x,type,contributor\n', 'it has no act, prompt, type, contributor'],
])('a file that begins with %j is refused', async (content, why) => {
  await expect(read(content)).rejects.toThrow(why)
})
