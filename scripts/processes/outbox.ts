import { Client } from 'pg'
import { lockKey } from '#chassis/db/advisory-locks.ts'
import { RELAY_LOCK } from '#chassis/events/relay.ts'
import { lockHolders } from '#chassis/testing/locks.ts'
import { until } from '#chassis/testing/until.ts'
import { onDatabase } from './on-database.ts'

/** How many events wait in the outbox of a PostgreSQL database. */
export async function waitingRows(url: string): Promise<number> {
  const text = 'select count(*)::integer as count from outbox where processed_at is null and abandoned_at is null'
  return (await onDatabase<{ count: number }>(url, text))[0]!.count
}

/** Takes the lead from the replica that has it, on a connection that keeps it until it ends. */
export async function holdRelay(url: string): Promise<Client> {
  const client = new Client({ connectionString: url })
  await client.connect()
  await until('the relay to be held', async () => {
    await client.query(
      `select pg_terminate_backend(pid) from (${lockHolders(RELAY_LOCK)}) h where pid <> pg_backend_pid()`,
    )
    const { rows } = await client.query(`select pg_try_advisory_lock(${lockKey(RELAY_LOCK)}) as held`)
    return rows[0].held as boolean
  })
  return client
}
