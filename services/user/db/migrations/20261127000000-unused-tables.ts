import { Migration } from '@mikro-orm/migrations'
import { IDEMPOTENCY_TABLE } from '#chassis/db/idempotency.ts'

/** No RPC of this service takes a `request_id`. */
export class UnusedTables extends Migration {
  override up() {
    this.addSql('drop table idempotency_keys')
  }

  override down() {
    this.addSql(IDEMPOTENCY_TABLE)
  }
}
