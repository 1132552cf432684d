import { Migration } from '@mikro-orm/migrations'
import { IDEMPOTENCY_TABLE } from '#chassis/db/idempotency.ts'
import { TEXT_INBOX_TABLE } from '#chassis/events/inbox.ts'
import { OUTBOX_TABLE } from '#chassis/events/outbox.ts'

export class Outbox extends Migration {
  override up() {
    this.addSql(`${OUTBOX_TABLE} ${TEXT_INBOX_TABLE} ${IDEMPOTENCY_TABLE}`)
  }

  override down() {
    this.addSql('drop table idempotency_keys; drop table inbox; drop table outbox')
  }
}
