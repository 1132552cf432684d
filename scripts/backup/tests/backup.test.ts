import {
  closeSync,
  globSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { until } from '#chassis/testing/until.ts'
import { debianPrograms } from './debian-programs.ts'
import { changeRows, checksumsOf, makeOurTables, problemsOf } from './our-tables.ts'
import { makePlainPostgres, type PlainPostgres } from './plain-postgres.ts'

// PostgreSQL 15 with the tables of our services, and our policy as it is installed on a host. The parts build on each other, for making a
// server with its backups takes far longer than looking at it.
const SKIPPED = process.env['PF_TEST_BACKUP'] === 'skip'
const backupTest = SKIPPED ? test.skip : test

let postgres: PlainPostgres

beforeAll(async () => {
  if (!SKIPPED) postgres = await makePlainPostgres(await debianPrograms())
}, 900_000)

afterAll(async () => postgres?.[Symbol.asyncDispose]())

backupTest(
  'a database that was destroyed is as it was at any time that is named, from either repository, and what is 30 days old goes',
  async () => {
    await postgres.start()
    await makeOurTables(postgres)
    await succeeds('setup')
    await succeeds('full')
    await changeRows(postgres, 2)

    // What is set up again while a backup runs, and this one is stopped as long as it takes, waits for it.
    const backup = succeeds('incremental')
    await until('the backup has its lock', () => globSync(join(postgres.locks, '*-backup*.lock')).length > 0)
    await postgres.signal('STOP', '--type=incr')
    const again = succeeds('setup')
    await until('setup met the lock', () =>
      readFileSync(join(postgres.logs, 'promptforge-stanza-create.log'), 'utf8').includes('[050]'),
    )
    await postgres.signal('CONT', '--type=incr')
    expect(await again).toContain('setup waits at most 3000 s for the pgBackRest command that is running')
    await backup
    await changeRows(postgres, 3)
    const wanted = await checksumsOf(postgres)
    const time = await now()
    await changeRows(postgres, 4)
    await postgres.query('prompt', 'drop table prompt_likes')
    await untilArchived()
    expect(await checksumsOf(postgres)).not.toEqual(wanted)
    expect(await backups(1)).toEqual(['full', 'incr'])
    expect(await backups(2)).toEqual(['full', 'incr'])
    expect(await succeeds('check')).toMatch(/repository 1: the newest backup is \d+ s old/)
    await succeeds('verify')
    expect(readFileSync(join(postgres.metrics, 'promptforge_backup_2_incr.prom'), 'utf8')).toMatch(
      /^promptforge_backup_last_success_timestamp_seconds\{stanza="promptforge",repository="2",type="incr"\} \d{10}$/m,
    )

    // A restore never overwrites a server that runs.
    const refused = await postgres.backup(['restore', '--time', time])
    expect(refused).toMatchObject({ code: 1, said: expect.stringContaining('while PostgreSQL is running') })

    // Destroyed, and restored to the time that was noted.
    await destroy()
    await succeeds('restore', '--time', time)
    await postgres.start()
    expect(await checksumsOf(postgres)).toEqual(wanted)
    await changeRows(postgres, 5)
    const newest = await checksumsOf(postgres)
    await untilArchived()

    // The whole place is lost, and with it the first repository: the second one alone restores the newest state.
    const [first, second] = postgres.repositories
    await destroy()
    rmSync(first, { recursive: true })
    await succeeds('restore', '--repo', '2')
    await postgres.start()
    expect(await checksumsOf(postgres)).toEqual(newest)

    // While the second is away the first is backed up in any case, and the failure is told. The archiver may have its lock when this begins.
    await succeeds('setup')
    renameSync(second, `${second}.away`)
    writeFileSync(second, 'no folder')
    const half = await postgres.backup(['full'])
    expect(half).toMatchObject({ code: 1, said: expect.stringContaining('no backup was made in repository 2') })
    rmSync(second)
    renameSync(`${second}.away`, second)
    expect(await backups(1)).toEqual(['full'])
    await succeeds('full')
    expect(await backups(2)).toEqual(['full', 'incr', 'full'])

    // 30 days are kept, by the clock that is moved: the policy is the committed one. A full backup goes when a younger one is that old.
    await expire(29)
    expect(await backups(2)).toEqual(['full', 'incr', 'full'])
    await expire(31)
    expect(await backups(2)).toEqual(['full'])
    const old = await postgres.backup(['check'], { daysLater: 31, env: { PF_BACKUP_MAX_AGE: '7200' } })
    expect(old).toMatchObject({ code: 1, said: expect.stringContaining('that is more than 7200 s') })

    // A drill: what is left, restored into a folder beside the server that runs, without the WAL that has gone. Nothing is wrong with it.
    await succeeds('restore', '--repo', '2', '--to', postgres.scratch)
    const drill = await postgres.startOn(postgres.scratch)
    expect(await checksumsOf(drill)).toEqual(newest)
    expect(await problemsOf(drill)).toEqual({ user: [], prompt: [], test: [], marketplace: [], analytics: [] })
    expect(await drill.query('user', 'show archive_mode')).toEqual([{ archive_mode: 'off' }])
    await drill.query('user', `update users set followers_count = 3 where username = 'first'`)
    await drill.query('marketplace', `update outbox set created_at = now() - interval '2 hours'`)
    expect(await problemsOf(drill)).toMatchObject({
      user: ['1 users have another number of followers than follows say'],
      marketplace: [expect.stringMatching(/^the newest event is of \d{4}-/)],
    })

    // A repository that is damaged is found by verify.
    damage(second)
    const damaged = await postgres.backup(['verify'])
    expect(damaged).toMatchObject({ code: 1, said: expect.stringContaining('a repository is damaged') })
  },
  1_800_000,
)

backupTest('a mistake in the command line is one sentence', async () => {
  const said = async (...args: string[]) => (await postgres.backup(args)).said
  expect(await said('fulll')).toMatch(/^promptforge-backup: there is no command fulll\nusage: /)
  expect(await said('restore', '--time')).toBe('promptforge-backup: --time needs a value\n')
  expect(await said('restore', '--target', '3')).toBe('promptforge-backup: restore does not know --target\n')
})

/** Runs a command that has to succeed, and answers with what it said. */
async function succeeds(...args: string[]): Promise<string> {
  const { code, said } = await postgres.backup(args)
  if (code !== 0) throw new Error(`promptforge-backup ${args.join(' ')} ended with ${code}: ${said}`)
  return said
}

async function destroy() {
  await postgres.kill()
  rmSync(postgres.dataDir, { recursive: true })
}

async function expire(daysLater: number) {
  const { code, said } = await postgres.backrest(['expire'], { daysLater })
  if (code !== 0) throw new Error(said)
}

/** The types of the backups in a repository, oldest first. */
async function backups(repository: number): Promise<string[]> {
  const { said } = await postgres.backrest([`--repo=${repository}`, '--output=json', 'info'])
  const [stanza] = JSON.parse(said) as { backup: { type: string }[] }[]
  return stanza!.backup.map(({ type }) => type)
}

async function now(): Promise<string> {
  const [row] = await postgres.query<{ now: string }>('postgres', 'select clock_timestamp()::text as now')
  return row!.now
}

/** Waits until everything that was committed is in the repositories. */
async function untilArchived() {
  const [row] = await postgres.query<{ file: string }>('postgres', 'select pg_walfile_name(pg_switch_wal()) as file')
  await until(
    `${row!.file} to be archived`,
    async () => {
      const [archiver] = await postgres.query<{ last: string }>(
        'postgres',
        'select last_archived_wal as last from pg_stat_archiver',
      )
      return archiver!.last >= row!.file
    },
    120_000,
  )
}

/** Changes a byte in the middle of the largest file of the newest backup. */
function damage(repository: string) {
  const files = globSync(join(repository, 'backup/promptforge/*F/bundle/*'))
  const [largest] = files.toSorted((a, b) => statSync(b).size - statSync(a).size)
  const file = openSync(largest!, 'r+')
  const at = Math.floor(statSync(largest!).size / 2)
  const byte = Buffer.alloc(1)
  readSync(file, byte, 0, 1, at)
  byte[0]! ^= 0xff
  writeSync(file, byte, 0, 1, at)
  closeSync(file)
}
