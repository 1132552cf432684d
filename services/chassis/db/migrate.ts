import { MikroORM } from '@mikro-orm/postgresql'
import { Migrator } from '@mikro-orm/migrations'
import { Client } from 'pg'
import type { Logger } from '../logger.ts'
import { lockKey } from './advisory-locks.ts'
import { ormOptions, type Schema } from './orm.ts'

/**
 * Applies the migrations that a database does not have yet, one transaction each, and answers with their names. Several
 * processes may run it at once: one works, the others wait for it and find nothing to do.
 */
export async function migrate(schema: Schema, url: string, log: Logger): Promise<string[]> {
  const orm = await MikroORM.init({ ...ormOptions(schema, url, log, { max: 2 }), extensions: [Migrator] })
  const lock = new Client({ connectionString: url })
  try {
    await lock.connect()
    await lock.query(`select pg_advisory_lock(${lockKey('migrations')})`)
    const applied = await orm.migrator.up()
    return applied.map(({ name }) => name)
  } finally {
    await lock.end()
    await orm.close(true)
  }
}
