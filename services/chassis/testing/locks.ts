import { lockKey } from '../db/advisory-locks.ts'

/** SQL of the process ids of the connections that hold an advisory lock of this database. */
export const lockHolders = (name: string): string => `
  select pid from pg_locks
  where locktype = 'advisory' and granted and (classid::bigint << 32) | objid::bigint = ${lockKey(name)}
    and database = (select oid from pg_database where datname = current_database())`
