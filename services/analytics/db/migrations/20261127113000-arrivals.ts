import { Migration } from '@mikro-orm/migrations'

/** The transaction that stored an event, by which it is read in the order of arrival. What was there before has none, and is not read so. */
export class Arrivals extends Migration {
  override up() {
    // With its default in the same statement, the column would be written to every row.
    for (const table of TABLES)
      this.addSql(`
        alter table ${table} add xid xid8;
        alter table ${table} alter xid set default pg_current_xact_id();
        create index ${table}_xid on ${table} (xid, id)`)
  }

  override down() {
    for (const table of TABLES) this.addSql(`alter table ${table} drop xid`)
  }
}

const TABLES = ['prompt_activity_events', 'user_activity_events']
