import { Migration } from '@mikro-orm/migrations'

/**
 * Accounts are closed in more than one way, by hand among them, so a trigger notes it. Those that are closed already are noted too:
 * when that was is not known.
 */
export class ClosedAccounts extends Migration {
  override up() {
    this.addSql(`
      create table closed_accounts (
        user_id uuid primary key,
        closed_at timestamptz(3) not null
      );
      create index closed_accounts_closed_at on closed_accounts (closed_at);

      create function note_closed_account() returns trigger language plpgsql as $$
      begin
        if tg_op = 'UPDATE' and new.status = 'ACTIVE' then
          delete from closed_accounts where user_id = new.id;
        else
          insert into closed_accounts (user_id, closed_at) values (old.id, now())
          on conflict (user_id) do update set closed_at = excluded.closed_at;
        end if;
        return null;
      end $$;

      create trigger users_closed after update of status on users for each row
        when (old.status is distinct from new.status)
        execute function note_closed_account();
      create trigger users_deleted after delete on users for each row execute function note_closed_account();

      insert into closed_accounts select id, now() from users where status <> 'ACTIVE'`)
  }

  override down() {
    this.addSql(`
      drop trigger users_deleted on users;
      drop trigger users_closed on users;
      drop function note_closed_account();
      drop table closed_accounts`)
  }
}
