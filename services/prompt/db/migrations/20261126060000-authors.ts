import { Migration } from '@mikro-orm/migrations'
import { INBOX_TABLE } from '#chassis/events/inbox.ts'

export class Authors extends Migration {
  override up() {
    this.addSql(INBOX_TABLE)
    this.addSql(`
      create table authors (
        user_id uuid primary key,
        username varchar(50) not null,
        revision integer not null
      )`)
  }

  override down() {
    this.addSql('drop table authors; drop table inbox')
  }
}
