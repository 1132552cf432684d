import { readFileSync, statSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { until } from '#chassis/testing/until.ts'
import { startTestNetwork, type TestNetwork } from '../../../services/dev-env/tests/harness.ts'
import { accountOf } from '../accounts.ts'
import { badRows, type CollectionRow, goodRows } from './collection.ts'
import { type Desk, type Listed, listAll, openDesk } from './harness.ts'

/** For a whole import, on a machine with much else to do. */
const PATIENCE_MS = 300_000

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

/** The listed prompts of these rows' contributors. */
async function listedOf(rows: CollectionRow[]): Promise<Listed[]> {
  const names = rows.flatMap(({ contributor }) => accountOf(contributor, secret()).usernames)
  return (await listAll(network)).filter(({ username }) => names.includes(username))
}

/** Whether a row is among the newest prompts. */
async function isNew(row: CollectionRow): Promise<boolean> {
  const { body } = await network.rest('GET /v1/prompts?page_size=100')
  return body.prompts.map(listedKey).includes(ownKey(row))
}

/** A title is one line. */
const titleOf = ({ act }: CollectionRow) => act.replace('\n', ' ')
const ownKey = (row: CollectionRow) => `${accountOf(row.contributor, secret()).usernames[0]} ${titleOf(row)}`
const listedKey = ({ title, username }: Listed) => `${username} ${title}`

test(
  'a thousand rows arrive with all they say, once, however often they are imported',
  async () => {
    const good = goodRows('', 990)
    const again = good.slice(0, 5).map((row) => ({ ...row, prompt: 'other words' }))
    const file = desk.write('thousand.csv', [...good.slice(0, 400), ...badRows(''), ...good.slice(400), ...again])

    const first = await desk.import(file)
    expect(first.stdout).toMatch(
      / 990 added\n +0 present already\n +5 different: .*\(lines \d+(, \d+){4}\)\n +5 refused:\n/,
    )
    expect(first.exitCode).toBe(1)
    const listed = await listedOf(good)
    expect(listed.map(listedKey).toSorted()).toEqual(good.map(ownKey).toSorted())
    expect(new Set(listed.map(({ userId }) => userId)).size).toBe(new Set(good.map((row) => row.contributor)).size)
    for (const row of [good[0]!, good[1]!, good[500]!]) {
      const { id } = listed.find((one) => listedKey(one) === ownKey(row))!
      const { body } = await network.rest(`GET /v1/prompts/${id}`)
      const { prompt: content, type } = row
      expect(body.prompt).toMatchObject({ title: titleOf(row), content, tags: [type.toLowerCase()], category: '' })
    }

    const second = await desk.import(file)
    expect(second.stdout).toMatch(/ 0 added\n +990 present already\n +5 different: .*\n +5 refused:\n/)
    expect(await listedOf(good)).toHaveLength(990)
  },
  PATIENCE_MS,
)

test('nothing shows the address of a contributor, neither usernames and profiles nor what the import says', async () => {
  const rows = ['a.b@example.com', 'A.B@example.com', 'a-b@secret.org'].map((contributor) => ({
    ...goodRows('', 2)[1]!,
    contributor,
  }))
  const { all, stdout, stderr } = await desk.import(desk.write('addresses.csv', rows))
  expect(stdout).toContain(' 3 added')
  const listed = await listedOf(rows)
  expect(new Set(listed.map(({ username }) => username)).size).toBe(3)
  for (const { username, userId } of listed) {
    expect(username).toMatch(/^a-b-[0-9a-f]{4}$/)
    const profile = await network.rest(`GET /v1/users/${userId}`)
    expect(JSON.stringify(profile.body)).not.toMatch(/@|example|secret/)
  }
  expect(`${all} ${stdout} ${stderr}`).not.toMatch(/@|a.b|secret\.org/i)
})

test(
  'killed in the middle and run again, it has added every row once',
  async () => {
    const rows = goodRows('killed ', 300)
    const file = desk.write('killed.csv', rows)
    for (const last of [60, 180]) {
      const killed = desk.import(file)
      await until('rows to arrive', () => isNew(rows[last]!), PATIENCE_MS)
      killed.kill('SIGKILL')
      expect((await killed).signal).toBe('SIGKILL')
    }
    expect((await listedOf(rows)).length).toBeLessThan(300)
    const { exitCode, stdout } = await desk.import(file)
    expect(stdout).toContain(' 0 refused')
    expect(exitCode).toBe(0)
    expect((await listedOf(rows)).map(listedKey).toSorted()).toEqual(rows.map(ownKey).toSorted())
  },
  PATIENCE_MS,
)

test(
  'Ctrl-C ends it with the report of what was done',
  async () => {
    const rows = goodRows('interrupted ', 300)
    const running = desk.import(desk.write('interrupted.csv', rows))
    await until('rows to arrive', () => isNew(rows[60]!), PATIENCE_MS)
    running.kill('SIGINT')
    const { exitCode, stdout } = await running
    expect(exitCode).toBe(130)
    expect(stdout).toMatch(/Run it again to continue\.$/)
    const [added, underWay] = [/(\d+) added/, /(\d+) under way/].map((figure) => Number(figure.exec(stdout)?.[1] ?? 0))
    const listed = (await listedOf(rows)).length
    expect(listed).toBeGreaterThanOrEqual(added!)
    expect(listed).toBeLessThanOrEqual(added! + underWay!)
  },
  PATIENCE_MS,
)

test('a username that somebody has is passed over for a longer one, this time and the next', async () => {
  const [row] = goodRows('taken ', 1)
  const { usernames } = accountOf(row!.contributor, secret())
  await network.signUp(usernames[0])
  const file = desk.write('taken.csv', [row!])
  expect((await desk.import(file)).stdout).toContain(' 1 added')
  expect((await desk.import(file)).stdout).toContain(' 1 present already')
  const listed = await listedOf([row!])
  expect(listed.map(({ username }) => username)).toEqual([usernames[1]])
})

test('without the state file that made the accounts their rows are refused, with what to do', async () => {
  const rows = goodRows('stranger ', 3)
  const file = desk.write('stranger.csv', rows)
  expect((await desk.import(file)).exitCode).toBe(0)
  expect(statSync(desk.state).mode & 0o777).toBe(0o600)
  const { exitCode, stdout } = await desk.import(file, { state: `${desk.state}.other` })
  expect(stdout).toMatch(/ 3 the contributor’s account does not open: .*--state \(lines 2, 7, 11\)/)
  expect(exitCode).toBe(1)
})

test('where nothing answers, it says so and ends', async () => {
  const file = desk.write('nowhere.csv', goodRows('', 1))
  const { exitCode, stdout, stderr } = await desk.import(file, { url: 'http://localhost:9' })
  expect(stderr).toContain('nothing answers at http://localhost:9')
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
})

test('a prompt that differs from the file is left as it is, and with --update it has a new version', async () => {
  const rows = goodRows('differs ', 3)
  const changed = rows.map((row, index) => (index === 1 ? { ...row, prompt: 'Quite another text.' } : row))
  await desk.import(desk.write('differs.csv', rows))
  const file = desk.write('changed.csv', changed)
  const prompt = async () => {
    const { id } = (await listedOf([rows[1]!])).find(({ title }) => title === titleOf(rows[1]!))!
    return (await network.rest(`GET /v1/prompts/${id}`)).body.prompt
  }

  const first = await desk.import(file)
  expect(first.stdout).toMatch(
    / 0 added\n +2 present already\n +1 different: .*--update makes a new version \(line 7\)\n/,
  )
  expect(first.exitCode).toBe(1)
  expect(await prompt()).toMatchObject({ version: 1, content: rows[1]!.prompt })

  const second = await desk.import(file, { more: ['--update'] })
  expect(second.stdout).toMatch(/ 0 added\n +2 present already\n +1 updated: each has a new version\n +0 refused$/)
  expect(second.exitCode).toBe(0)
  expect(await prompt()).toMatchObject({ version: 2, content: 'Quite another text.' })

  expect((await desk.import(file, { more: ['--update'] })).stdout).toMatch(/ 3 present already\n +0 refused$/)
  expect(await prompt()).toMatchObject({ version: 2 })
})

test('text behind a bad quote becomes no prompt of anybody, unless --skip-broken is given', async () => {
  const csv = 'act,prompt,for_devs,type,contributor\nOne,"say "it"\nTwo,words,,TEXT,quoted victim\n'
  const file = desk.write('quotes.csv', csv)
  const first = await desk.import(file)
  expect(first.stdout).toMatch(/ 0 added\n[^]*--skip-broken \(line 2\)/)
  expect(first.exitCode).toBe(1)
  const second = await desk.import(file, { more: ['--skip-broken'] })
  expect(second.stdout).toMatch(/ 1 added\n/)
})

test('a file of another kind is refused before anything is asked', async () => {
  const { exitCode, stderr } = await desk.import(desk.write('other.csv', 'name,prompt\na,b\n'))
  expect(stderr).toContain('it has no act, type, contributor')
  expect(exitCode).toBe(2)
})
