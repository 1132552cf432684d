import { Migration } from '@mikro-orm/migrations'

export class CountedOnce extends Migration {
  override up() {
    this.addSql(`
      create table counted_once (
        about uuid not null,
        event varchar(80) not null,
        primary key (about, event)
      );
      insert into counted_once
      select prompt_id, event_type from prompt_daily where event_type in ('prompt.created', 'prompt.deleted')
      union
      select user_id, event_type from user_daily where event_type = 'user.registered'
      union
      select prompt_id, event_type || ' ' || (properties ->> 'version')
      from prompt_activity_events where event_type = 'version.created' and properties ? 'version';
      alter table prompt_facts add resynced boolean not null default false`)
  }

  override down() {
    this.addSql('alter table prompt_facts drop resynced; drop table counted_once')
  }
}
