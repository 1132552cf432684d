import { Migration } from '@mikro-orm/migrations'
import { OUTBOX_TABLE } from '#chassis/events/outbox.ts'

export class Outbox extends Migration {
  override up() {
    this.addSql(OUTBOX_TABLE)
  }

  override down() {
    this.addSql('drop table outbox')
  }
}
