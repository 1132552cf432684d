import { Migration } from '@mikro-orm/migrations'

/**
 * Revisions of the password and of whom a user follows, and what lists by role and status read. A follow changes counters of two
 * users: room in the pages of `users` keeps that from touching its indexes.
 */
export class Accounts extends Migration {
  override up() {
    this.addSql(`
      alter table users
        add column password_revision integer not null default 1,
        add column follows_revision integer not null default 0;
      alter table users set (fillfactor = 90);
      create index users_role on users (role, lower(username collate "C")) where role <> 'USER';
      create index users_deactivated on users (lower(username collate "C")) where status = 'DEACTIVATED'`)
  }

  override down() {
    this.addSql(`
      drop index users_deactivated;
      drop index users_role;
      alter table users reset (fillfactor);
      alter table users drop column follows_revision, drop column password_revision`)
  }
}
