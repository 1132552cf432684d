import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startTestNetwork, type TestNetwork } from '../../../services/dev-env/tests/harness.ts'
import { accountOf } from '../accounts.ts'
import { type Desk, openDesk } from './harness.ts'

/** For a whole import, on a machine with much else to do. */
const PATIENCE_MS = 300_000

const OWNER = '0198c0de-0000-7000-8000-00000000000a'

let network: TestNetwork
let desk: Desk

beforeAll(async () => {
  network = await startTestNetwork()
  desk = openDesk(network.gateway.url)
})
afterAll(async () => {
  desk.clear()
  await network.stop()
})

const secret = () => JSON.parse(readFileSync(desk.state, 'utf8')).secret as string

/** A token of the account that stands for the owner of an export. */
async function signIn(owner: string): Promise<string> {
  const { email: login, password } = accountOf(owner, secret())
  return (await network.rest('POST /v1/auth/login', { body: { login, password } })).body.tokens.accessToken
}

async function exportOf(token: string): Promise<string> {
  await network.processAll()
  const { status, body } = await network.rest('GET /v1/prompts:export', { token })
  expect(status).toBe(200)
  return body
}

/** The prompts of an export with their versions, by title; without ids and times, which are others after an import. */
function contentsOf(file: string) {
  const prompts: any[] = []
  for (const line of file.trimEnd().split('\n')) {
    const { prompt, version } = JSON.parse(line)
    if (prompt) {
      const { title, description, category, isPublic, status, tags, model, publicFromVersion } = prompt
      prompts.push({ title, description, category, isPublic, status, tags, model, publicFromVersion, versions: [] })
    }
    if (!version) continue
    const { promptId: _1, versionId: _2, userId: _3, username: _4, createdAt: _5, ...rest } = version
    prompts.at(-1).versions.push(rest)
  }
  return prompts.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))
}

test('the export of a user is imported with all that it says, once, however often', async () => {
  const { token, id, username } = await network.signUp()
  const call = (request: string, body: object) => network.rest(request, { token, body })
  const create = async (body: object) => (await call('POST /v1/prompts', body)).body.prompt.id as string
  const update = (prompt: string, body: object) => call(`PATCH /v1/prompts/${prompt}`, body)
  const twin = { title: 'Twin', content: 'the same text' }
  const [long] = await Promise.all([
    create({
      title: 'Long story',
      content: 'One\u2028{{who}}\r\n"two" \\ 👩‍🚀',
      description: 'first',
      category: 'writing',
      tags: ['Git', 'a b'],
      variables: [{ name: 'who', type: 'ENUM', options: ['a', ' b'], required: true, defaultValue: 'a' }],
      model: 'm-1',
    }),
    create(twin),
    create(twin),
    create({ title: 'Draft', content: 'd', status: 'DRAFT' }),
    create({ title: 'Private', content: 'p', isPublic: false }),
    create({ title: 'Archived', content: 'a' }).then((prompt) => update(prompt, { status: 'ARCHIVED' })),
  ])
  await update(long, { content: 'Two', description: '', category: '', variables: { values: [] }, changes: 'Shorter' })
  await update(long, { title: 'Another title', model: '', changes: 'Line 1\nline 2' })
  await update(long, { content: 'Four', publicFromVersion: 3 })

  const exported = await exportOf(token)
  expect(contentsOf(exported).map(({ versions }) => versions.length)).toEqual(expect.arrayContaining([4]))
  const file = desk.write('export.ndjson', exported)
  const first = await desk.import(file)
  expect(first.stdout).toMatch(/ 6 added\n +0 present already\n +0 refused$/)
  const copy = await exportOf(await signIn(`${username}@${id}`))
  expect(contentsOf(copy)).toEqual(contentsOf(exported))

  expect((await desk.import(file)).stdout).toMatch(/ 0 added\n +6 present already\n +0 refused$/)
  expect(await exportOf(await signIn(`${username}@${id}`))).toBe(copy)
})

/** A file as ExportPrompts sends it. */
function makeExport(prompts: { id: number; versions: { title: string }[]; [field: string]: unknown }[]): string {
  const uuid = (id: number) => `0198c0de-0000-7000-8000-${String(id).padStart(12, '0')}`
  const lines = prompts.flatMap(({ id, versions, ...fields }) => [
    {
      prompt: {
        id: uuid(id),
        userId: OWNER,
        username: 'ann',
        version: versions.length,
        title: versions.at(-1)?.title,
        ...fields,
      },
    },
    ...versions.map((fields, index) => ({ version: { promptId: uuid(id), version: index + 1, ...fields } })),
  ])
  const end = { prompts: prompts.length, versions: lines.length - prompts.length }
  return [...lines, { end }].map((line) => `${JSON.stringify(line)}\n`).join('')
}

test(
  'a thousand prompts with all their versions come back as they were',
  async () => {
    const prompts = Array.from({ length: 1000 }, (_, id) => ({
      id,
      isPublic: id % 3 !== 0,
      status: id % 5 === 0 ? 'DRAFT' : 'PUBLISHED',
      tags: [`tag ${id % 7}`],
      versions: Array.from({ length: 1 + (id % 4) }, (_, index) => ({
        title: `Prompt ${id}`,
        content: `Content ${index} of ${id}\n`,
        ...(index > 0 && { changes: `Change ${index}` }),
      })),
    }))
    const imported = await desk.import(desk.write('thousand.ndjson', makeExport(prompts)))
    expect(imported.stdout).toMatch(/ 1,000 added\n +0 present already\n +0 refused$/)
    const copy = contentsOf(await exportOf(await signIn(`ann@${OWNER}`)))
    const versions = copy.flatMap((one) => one.versions)
    expect(versions).toHaveLength(2500)
    const told = copy.map(({ title, isPublic = false, status, tags, versions }) => ({
      title,
      isPublic,
      status,
      tags,
      versions: versions.map(({ title, content, changes }: any) => ({ title, content, ...(changes && { changes }) })),
    }))
    const byTitle = (a: { title: string }, b: { title: string }) => a.title.localeCompare(b.title)
    expect(told.toSorted(byTitle)).toEqual(
      prompts.map(({ id, ...prompt }) => ({ title: `Prompt ${id}`, ...prompt })).toSorted(byTitle),
    )
  },
  PATIENCE_MS,
)

const ONE = { id: 5000, isPublic: true, status: 'PUBLISHED', tags: [] }
const v = (number: number) => ({ title: 'Begun', content: `Content ${number}` })

test('a prompt that an import began is finished, and one that has gone on is left as it is', async () => {
  const write = (versions: { title: string }[]) =>
    desk.write('begun.ndjson', makeExport([{ ...ONE, username: 'bob', versions }]))
  const listed = async () => {
    const prompts = contentsOf(await exportOf(await signIn(`bob@${OWNER}`)))
    return prompts.map(({ versions }) => versions.map((one: any) => one.content))
  }
  await desk.import(write([v(1), v(2)]))
  expect((await desk.import(write([v(1), v(2), v(3)]))).stdout).toContain(' 1 added')
  expect(await listed()).toEqual([['Content 1', 'Content 2', 'Content 3']])
  expect((await desk.import(write([v(1)]))).stdout).toContain(' 1 present already')
  expect(await listed()).toEqual([['Content 1', 'Content 2', 'Content 3']])
})

const WHOLE = makeExport([{ ...ONE, versions: [v(1), v(2)] }])

test.each<[string, string, string]>([
  ['the last line is missing', WHOLE.replace(/.*\n$/, ''), 'the export is not complete: download it again'],
  ['it ends within a line', WHOLE.slice(0, -10), 'line 4 is not a line of an export'],
  ['a line was removed', WHOLE.replace(/.*Content 2.*\n/, ''), 'the export is not complete'],
  ['it is empty', '', 'the export is not complete'],
  ['it is something else', '{"a": 1}\n', 'line 1 is not a line of an export'],
  ['versions have no prompt', WHOLE.replace(/^.*\n/, ''), 'line 1 is not of the prompt before it'],
  ['two are in one file', WHOLE + WHOLE, 'line 5 is behind the end of the export'],
])('a file is refused as a whole when %s', async (_, content, why) => {
  const { exitCode, stderr, stdout } = await desk.import(desk.write('broken.ndjson', content))
  expect(stderr).toContain(why)
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
})

test('a prompt of which a version was lost is refused by its line, and the others are added', async () => {
  const lost = makeExport([
    { ...ONE, id: 6000, title: 'Lost', versions: [v(6), v(7), v(8)] },
    { ...ONE, id: 6001, title: 'Whole', versions: [{ title: 'Whole', content: 'c' }] },
  ])
  const content = lost.replace(/.*Content 7.*\n/, '').replace('"versions":4', '"versions":3')
  const { exitCode, stdout } = await desk.import(desk.write('lost.ndjson', content))
  expect(stdout).toMatch(/ 1 added\n[^]* 1 the export has no version 2 of it \(line 1\)/)
  expect(exitCode).toBe(1)
})
