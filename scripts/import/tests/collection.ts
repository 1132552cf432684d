/** A row of a collection file. */
export type CollectionRow = { act: string; prompt: string; for_devs: string; type: string; contributor: string }

const LONG = 'Long ago, in a prompt of more than a hundred thousand characters …\n'

/** Contributors as they are found, and worse. */
const AWKWARD = [
  'lena@example.com',
  'LENA@example.com',
  'lena@elsewhere.org',
  'Jürgen.Müßig+prompts@example.com',
  'Лена Петрова',
  '李雷',
  '王芳',
  '😀'.repeat(200),
  '',
  ' ',
  '@handle',
  'ann@example.com, bob@example.com',
  'Ann, Bob, "Eve" <eve@example.com>',
  'ｗｉｄｅ＠example.com',
  "Robert'); DROP TABLE users;--",
  '../../etc/passwd',
  '\u202Enosj',
  'two\nlines@example.com',
  'me',
  '_',
  'x'.repeat(3000) + '@example.com',
  'Kim',
  'kim',
  'KIM',
]

/** Rows that can be added, no two with the same key, by awkward contributors, every one beginning with `mark`. */
export function goodRows(mark: string, count: number): CollectionRow[] {
  return Array.from({ length: count }, (_, number) => ({
    act: number % 7 === 0 ? `Act ${number}, the "one" with\na line` : `Act ${number} ✍️`,
    prompt: number === 500 ? LONG.repeat(1800) : `Act as number ${number}.\r\nSay "yes", or\n\n{{nothing}}\t`,
    for_devs: number % 2 === 0 ? 'TRUE' : 'FALSE',
    type: number % 3 === 0 ? 'STRUCTURED' : 'TEXT',
    contributor: mark + AWKWARD[number % AWKWARD.length]!,
  }))
}

/** Rows that the server refuses, of a contributor who has others. */
export function badRows(mark: string): CollectionRow[] {
  const [good] = goodRows(mark, 1)
  return [
    { ...good!, act: 't'.repeat(201) },
    { ...good!, act: 'Too long', prompt: '✍'.repeat(200_001) },
    { ...good!, act: 'Zero', prompt: 'a\0b' },
    { ...good!, act: '' },
    { ...good!, act: 'Type', type: 'x'.repeat(51) },
  ]
}

/** Writes rows as a spreadsheet does. */
export const toCsv = (rows: CollectionRow[]) =>
  ['act,prompt,for_devs,type,contributor', ...rows.map(lineOf)].join('\r\n') + '\r\n'

const lineOf = ({ act, prompt, for_devs, type, contributor }: CollectionRow) =>
  [act, prompt, for_devs, type, contributor].map((field) => `"${field.replaceAll('"', '""')}"`).join(',')
