import { Migration } from '@mikro-orm/migrations'

export class ProviderThrottles extends Migration {
  override up() {
    this.addSql(`
      create table provider_throttles (
        lane varchar(50) primary key,
        until timestamptz(3) not null
      )`)
  }

  override down() {
    this.addSql('drop table provider_throttles')
  }
}
