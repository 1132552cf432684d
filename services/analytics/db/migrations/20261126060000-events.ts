import { Migration } from '@mikro-orm/migrations'
import { IDEMPOTENCY_TABLE } from '#chassis/db/idempotency.ts'
import { OUTBOX_TABLE } from '#chassis/events/outbox.ts'

export class Events extends Migration {
  override up() {
    this.addSql(IDEMPOTENCY_TABLE)
    this.addSql(OUTBOX_TABLE)
    this.addSql(`
      create table user_activity_events (
        id bigserial,
        event_id uuid not null,
        user_id uuid not null,
        username varchar(50),
        email varchar(100),
        event_type varchar(50) not null,
        event_time timestamptz(3) not null,
        created_at timestamptz(3) not null default now(),
        properties jsonb,
        primary key (id, event_time),
        unique (event_id, event_time)
      ) partition by range (event_time);
      create index user_activity_events_user_id on user_activity_events (user_id);
      create index user_activity_events_event_type on user_activity_events (event_type);
      create index user_activity_events_event_time on user_activity_events (event_time desc);
      create index user_activity_events_created_at on user_activity_events (created_at desc);
      create table user_activity_events_default partition of user_activity_events default;

      create table prompt_activity_events (
        id bigserial,
        event_id uuid not null,
        prompt_id uuid not null,
        title varchar(200),
        user_id uuid,
        username varchar(50),
        category varchar(50),
        event_type varchar(50) not null,
        event_time timestamptz(3) not null,
        created_at timestamptz(3) not null default now(),
        viewer_hash varchar(32),
        properties jsonb,
        primary key (id, event_time),
        unique (event_id, event_time)
      ) partition by range (event_time);
      -- With the type, a series by the hour is read from the index alone.
      create index prompt_activity_events_prompt_id on prompt_activity_events (prompt_id, event_time desc)
        include (event_type);
      create index prompt_activity_events_user_id on prompt_activity_events (user_id);
      create index prompt_activity_events_event_type on prompt_activity_events (event_type);
      create index prompt_activity_events_event_time on prompt_activity_events (event_time desc);
      create index prompt_activity_events_created_at on prompt_activity_events (created_at desc);
      create table prompt_activity_events_default partition of prompt_activity_events default;`)
  }

  override down() {
    this.addSql(`
      drop table prompt_activity_events;
      drop table user_activity_events;
      drop table outbox;
      drop table idempotency_keys;`)
  }
}
