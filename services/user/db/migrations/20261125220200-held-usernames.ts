import { Migration } from '@mikro-orm/migrations'

/**
 * That a username is held is a rule about all users at once, as uniqueness is, so the database keeps it. The triggers run after
 * the unique indexes have made two transactions wait for each other, and what they look at is what is committed by then.
 */
export class HeldUsernames extends Migration {
  override up() {
    this.addSql(`
      create table held_usernames (
        name varchar(50) primary key,
        user_id uuid not null references users (id),
        held_until timestamptz(3) not null
      );
      create index held_usernames_held_until on held_usernames (held_until);

      create function check_held_username() returns trigger language plpgsql as $$
      begin
        if exists (
          select from held_usernames h
          where h.name = lower(new.username collate "C") and h.user_id <> new.id and h.held_until > now()
        ) then
          raise unique_violation using message = 'the username is held', constraint = 'held_usernames_held';
        end if;
        return null;
      end $$;
      create function hold_username() returns trigger language plpgsql as $$
      begin
        insert into held_usernames (name, user_id, held_until)
        values (lower(old.username collate "C"), old.id, now() + interval '90 days')
        on conflict (name) do update set user_id = excluded.user_id, held_until = excluded.held_until;
        return null;
      end $$;

      create trigger users_new_username after insert on users for each row execute function check_held_username();
      create trigger users_other_username after update of username on users for each row
        when (lower(old.username collate "C") <> lower(new.username collate "C"))
        execute function check_held_username();
      create trigger users_freed_username after update of username on users for each row
        when (lower(old.username collate "C") <> lower(new.username collate "C"))
        execute function hold_username();`)
  }

  override down() {
    this.addSql(`
      drop trigger users_freed_username on users;
      drop trigger users_other_username on users;
      drop trigger users_new_username on users;
      drop function hold_username();
      drop function check_held_username();
      drop table held_usernames`)
  }
}
