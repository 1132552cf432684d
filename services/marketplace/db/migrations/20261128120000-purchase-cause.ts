import { Migration } from '@mikro-orm/migrations'

/** A purchase keeps what began it, so that it stays one trace whoever brings it to an end. */
export class PurchaseCause extends Migration {
  override up() {
    this.addSql(`alter table transactions add column cause jsonb not null default '{}'`)
  }

  override down() {
    this.addSql(`alter table transactions drop column cause`)
  }
}
