import { Migration } from '@mikro-orm/migrations'
import { IDEMPOTENCY_TABLE } from '#chassis/db/idempotency.ts'
import { OUTBOX_TABLE } from '#chassis/events/outbox.ts'

/** This service emits no events, and none of its RPCs takes a `request_id`. */
export class UnusedTables extends Migration {
  override up() {
    this.addSql('drop table idempotency_keys; drop table outbox')
  }

  override down() {
    this.addSql(IDEMPOTENCY_TABLE)
    this.addSql(OUTBOX_TABLE)
  }
}
