import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { openAdvisoryLocks } from '../db/advisory-locks.ts'
import { type Job, startJobs } from '../jobs.ts'
import { createLead, type Lead } from '../leader.ts'
import { createLogger } from '../logger.ts'
import { type TestDatabase, testDatabase } from '../testing/database.ts'
import { lockHolders } from '../testing/locks.ts'
import { startTcpProxy } from '../testing/tcp-proxy.ts'
import { until } from '../testing/until.ts'

// Two of the tests take from a leader what it leads by, which it warns of.
const log = createLogger('test', 'silent')

/** A database by which replicas elect a leader. */
type Site = {
  open(): { lead: Lead; close(): Promise<void> }
  /** Takes the lock from whoever has it. */
  takeAway(lock: string): Promise<unknown>
  /** How many locks are held. */
  held(): Promise<number>
  drop(): Promise<void>
}

async function openSite(): Promise<Site> {
  const database: TestDatabase = await testDatabase()
  const held = () =>
    database.query(`select from pg_locks where locktype = 'advisory'
      and database = (select oid from pg_database where datname = current_database())`)
  return {
    open: () => {
      const { take, close } = openAdvisoryLocks(database.url)
      return { lead: createLead(take, log), close }
    },
    takeAway: (lock) => database.query(`select pg_terminate_backend(pid) from (${lockHolders(lock)}) h`),
    held: async () => (await held()).length,
    drop: database.drop,
  }
}

describe('several replicas', () => {
  let site: Site
  beforeAll(async () => {
    site = await openSite()
  })
  afterAll(() => site.drop())

  /** A replica that works under a lock as long as it may; `runs` counts the beginnings. */
  function replica(lock: string) {
    const { lead, close } = site.open()
    const stopping = new AbortController()
    const state = { leads: false, runs: 0 }
    const ended = lead(lock, stopping.signal, async (signal) => {
      state.leads = true
      state.runs += 1
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      state.leads = false
    })
    const stop = async () => {
      stopping.abort()
      await ended
      await close()
    }
    return { state, stop }
  }

  test('one of several replicas leads, and another one when it has ended', async () => {
    const replicas = [replica('a'), replica('a'), replica('a')]
    const leading = () => replicas.filter(({ state }) => state.leads)
    await until('one to lead', () => leading().length === 1)
    const [first] = leading()
    await first!.stop()
    expect(first!.state.leads).toBe(false)
    await until('another to lead', () => leading().length === 1)
    for (const { stop } of replicas) await stop()
    expect(await site.held()).toBe(0)
  })

  test('the one that loses its lock stops working, and somebody leads again', async () => {
    const replicas = [replica('b'), replica('b')]
    const runs = () => replicas.reduce((sum, { state }) => sum + state.runs, 0)
    await until('one to lead', () => runs() === 1)
    await site.takeAway('b')
    await until('another beginning', () => runs() === 2)
    await until('one to lead', () => replicas.filter(({ state }) => state.leads).length === 1)
    for (const { stop } of replicas) await stop()
    expect(await site.held()).toBe(0)
  })

  test('locks of other names are other locks', async () => {
    const replicas = [replica('c'), replica('d')]
    await until('both to lead', () => replicas.every(({ state }) => state.leads))
    for (const { stop } of replicas) await stop()
  })

  test('a job runs on every replica, or on one', async () => {
    const ran: Record<Job['on'], number[]> = { 'every replica': [], 'one replica': [] }
    const jobsOf = (index: number) =>
      (['every replica', 'one replica'] as const).map((on): Job => {
        const run = async () => void ran[on].push(index)
        return { name: on, on, everyMs: 20, run }
      })
    const replicas = [0, 1, 2].map((index) => {
      const { lead, close } = site.open()
      return { end: startJobs(jobsOf(index), lead, log), close }
    })
    await until('many runs', () => ran['one replica'].length > 20)
    expect(new Set(ran['every replica'])).toEqual(new Set([0, 1, 2]))
    expect(new Set(ran['one replica']).size).toBe(1)
    for (const { end, close } of replicas) {
      await end()
      await close()
    }
    expect(await site.held()).toBe(0)
  })
})

test('a job of one replica does not start where none can be elected', () => {
  const job: Job = { name: 'sweep', on: 'one replica', everyMs: 20, run: async () => undefined }
  expect(() => startJobs([job], undefined, log)).toThrow(
    "the job 'sweep' runs on one replica, which this database cannot elect: run it on every replica",
  )
})

test('one that is stopped while it takes the lock does not begin, and releases it', async () => {
  const stopping = new AbortController()
  const done: string[] = []
  const lead = createLead(async () => {
    stopping.abort()
    return { lost: new AbortController().signal, release: async () => void done.push('released') }
  }, log)
  await lead('a', stopping.signal, async () => void done.push('worked'))
  expect(done).toEqual(['released'])
})

test('a lock whose connection the network swallows is lost to its holder, and then another replica gets it', async () => {
  const database = await testDatabase()
  const proxy = await startTcpProxy(database.url)
  const [holder, other] = [openAdvisoryLocks(proxy.url), openAdvisoryLocks(database.url)]
  const lock = await holder.take('a')
  expect(await other.take('a')).toBeUndefined()
  proxy.swallow()
  await until('the lock to be lost', () => lock!.lost.aborted)
  await lock!.release()
  await until('the other to get it', () => other.take('a'))
  await holder.close()
  await other.close()
  proxy.close()
  await database.drop()
})

test('the locks of one process share a connection', async () => {
  const database = await testDatabase()
  const { take, close } = openAdvisoryLocks(database.url)
  const locks = await Promise.all(['a', 'b', 'c'].map((name) => take(name)))
  expect(locks).not.toContain(undefined)
  const holders = await database.query(['a', 'b', 'c'].map(lockHolders).join(' union all '))
  expect(holders).toHaveLength(3)
  expect(new Set(holders.map(({ pid }) => pid)).size).toBe(1)
  await close()
  await database.drop()
})
