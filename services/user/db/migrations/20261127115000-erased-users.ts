import { Migration } from '@mikro-orm/migrations'

/** When an account was erased: it has neither name nor address any more. */
export class ErasedUsers extends Migration {
  override up() {
    this.addSql('alter table users add column erased_at timestamptz(3)')
  }

  override down() {
    this.addSql('alter table users drop column erased_at')
  }
}
