import { Migration } from '@mikro-orm/migrations'

export class EntitlementsOfUsers extends Migration {
  override up() {
    this.addSql('create index entitlements_user_id on entitlements (user_id)')
  }

  override down() {
    this.addSql('drop index entitlements_user_id')
  }
}
