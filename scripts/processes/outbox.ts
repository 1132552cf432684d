import { onDatabase } from './on-database.ts'

/** How many events wait in the outbox of a PostgreSQL database. */
export async function waitingRows(url: string): Promise<number> {
  const text = 'select count(*)::integer as count from outbox where processed_at is null and abandoned_at is null'
  return (await onDatabase<{ count: number }>(url, text))[0]!.count
}
