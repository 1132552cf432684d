import type { EntityManager } from '@mikro-orm/postgresql'
import { Client, type QueryResult } from 'pg'
import type { TakeLock } from '../leader.ts'
import { oneAtATime } from '../one-at-a-time.ts'
import { socketEndingAfter } from './sockets.ts'

/** Milliseconds until a server must answer, and between two signs of life of the connection. */
const ANSWER_MS = 2000
const ALIVE_MS = 1000

/** Milliseconds after which the server gives up a connection, and its locks, that shows no sign of life: the network may swallow them. */
const ABANDONED_MS = 6000

/** SQL of the key of an advisory lock. It is made of the name, so that locks of one database differ when their names do. */
export const lockKey = (name: string): string => `hashtextextended('${name}', 0)`

/** Waits for an advisory lock, which ends with the transaction. */
export const lockInTransaction = (em: EntityManager, name: string): Promise<unknown> =>
  em.execute(`select pg_advisory_xact_lock(${lockKey(name)})`)

/** The advisory locks of one process: all of them on one connection, which is made when the first lock is asked for. */
export type AdvisoryLocks = {
  take: TakeLock
  close(): Promise<void>
}

type Connection = { query(text: string): Promise<QueryResult>; lost: AbortSignal; end(): Promise<void> }

/** Opens the advisory locks of a database. A lock is held as long as the connection lives, and is lost with it. */
export function openAdvisoryLocks(url: string): AdvisoryLocks {
  let connection: Connection | undefined
  let connecting: Promise<Connection> | undefined
  const connected = async (): Promise<Connection> => {
    if (connection && !connection.lost.aborted) return connection
    connecting ??= connect(url).finally(() => {
      connecting = undefined
    })
    connection = await connecting
    return connection
  }
  return {
    take: async (name) => {
      const { query, lost } = await connected()
      const { rows } = await query(`select pg_try_advisory_lock(${lockKey(name)}) as is_mine`)
      if (!rows[0].is_mine) return undefined
      const release = async () => {
        if (!lost.aborted) await query(`select pg_advisory_unlock(${lockKey(name)})`)
      }
      return { lost, release }
    },
    close: async () => {
      await connection?.end()
    },
  }
}

async function connect(url: string): Promise<Connection> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: ANSWER_MS,
    query_timeout: ANSWER_MS,
    keepAlive: true,
    options: `-c idle_session_timeout=${ABANDONED_MS}`,
    // Longer than between two signs of life: it is silent only when nobody is at its other end.
    stream: socketEndingAfter(ALIVE_MS + ANSWER_MS),
  })
  const lost = new AbortController()
  const end = async () => {
    if (lost.signal.aborted) return
    lost.abort()
    await client.end().catch(() => undefined)
  }
  client.on('error', () => void end())
  client.on('end', () => void end())
  try {
    await client.connect()
  } catch (error) {
    await end()
    throw error
  }
  // After a failure nobody knows which locks the connection has.
  const ask = async (text: string) => {
    try {
      return await client.query(text)
    } catch (error) {
      await end()
      throw error
    }
  }
  // The driver wants one query at a time.
  const inTurn = oneAtATime()
  const query = (text: string) => inTurn(() => ask(text))
  const alive = setInterval(() => void query('select 1').catch(() => undefined), ALIVE_MS)
  lost.signal.addEventListener('abort', () => clearInterval(alive))
  return { query, lost: lost.signal, end }
}
