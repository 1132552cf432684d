import { Migration } from '@mikro-orm/migrations'

/** A name in the collation "C" is not found by the index of `name`, which has the database's: each new name read all held ones. */
export class HeldUsernameIndex extends Migration {
  override up() {
    this.addSql(checkHeldUsername(`lower(new.username collate "C") collate "default"`))
  }

  override down() {
    this.addSql(checkHeldUsername(`lower(new.username collate "C")`))
  }
}

const checkHeldUsername = (name: string) => `
  create or replace function check_held_username() returns trigger language plpgsql as $$
  begin
    if exists (
      select from held_usernames h
      where h.name = ${name} and h.user_id <> new.id and h.held_until > now()
    ) then
      raise unique_violation using message = 'the username is held', constraint = 'held_usernames_held';
    end if;
    return null;
  end $$`
