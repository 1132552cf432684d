import { Migration } from '@mikro-orm/migrations'

/** Entries of one action are read in the order of time: a list of an action that was rare, or never, would read the whole log otherwise. */
export class AuditByAction extends Migration {
  override up() {
    this.addSql('create index audit_entries_action on audit_entries (action, event_time desc, event_id desc)')
  }

  override down() {
    this.addSql('drop index audit_entries_action')
  }
}
