import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Clone, makeClone } from './clone.ts'
import { blocksOf, commandsOf, runSession } from './console.ts'

const ROOT = join(import.meta.dirname, '../../..')

/** The pages for people, by their paths. */
const PAGES = ['README.md', ...globSync('docs/**/*.md', { cwd: ROOT }).toSorted()]

const textOf = (page: string) => readFileSync(join(ROOT, page), 'utf8')
const sessions = PAGES.filter((page) => commandsOf(textOf(page)).length > 0)

let clone: Clone
let here: (text: string) => string

beforeAll(async () => {
  clone = makeClone()
  const { ready, gatewayUrl } = await clone.start()
  await ready()
  here = (text) => text.replaceAll('http://localhost:8080', gatewayUrl)
})
afterAll(() => clone.remove())

test.each(sessions)('%s: each command answers as the page says', async (page) => {
  const expected = commandsOf(textOf(page)).map(({ command, answer }) => ({ command: here(command), answer }))
  const commands = expected.map(({ command }) => command)
  expect(await runSession(commands, clone.root, process.env, 140)).toEqual(expected)
})

test('a page shows a command only where it is run here, but for those that start and test everything', () => {
  const others = PAGES.flatMap((page) =>
    blocksOf(textOf(page)).flatMap(({ language, text }) =>
      /^(sh|bash|shell|)$/.test(language) ? [{ page, text }] : [],
    ),
  )
  const lines = others.flatMap(({ page, text }) =>
    text
      .trim()
      .split('\n')
      .map((line) => `${page}: ${line.split(/\s+#/)[0]!.trim()}`),
  )
  expect(lines).toEqual(['README.md: npm start', 'README.md: npm test', 'docs/tutorial/first-licence.md: npm start'])
})

test('a link leads to a page and a heading that are there', () => {
  const dead = PAGES.flatMap((page) =>
    [...textOf(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(([, path = '', heading]) => {
      const target = path === '' ? page : join(page, '..', path)
      return hasHeading(target, heading) ? [] : [`${page}: ${path}${heading ? `#${heading}` : ''}`]
    }),
  )
  expect(dead).toEqual([])
})

function hasHeading(target: string, heading: string | undefined): boolean {
  const [file] = globSync(target.replace(/\/$/, ''), { cwd: ROOT })
  if (file === undefined || heading === undefined) return file !== undefined
  const slugs = [...textOf(file).matchAll(/^#+ (.+)$/gm)].map(([, title]) => slugOf(title!))
  return slugs.includes(heading)
}

/** The anchor that GitHub gives a heading. */
const slugOf = (title: string) =>
  title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')
