import { Migration } from '@mikro-orm/migrations'

/** Lists of events are read in the order of time: of a user, and of one type of a prompt. */
export class EventLists extends Migration {
  override up() {
    this.addSql(`
      drop index user_activity_events_user_id;
      create index user_activity_events_user_id on user_activity_events (user_id, event_time desc);
      drop index prompt_activity_events_event_type;
      create index prompt_activity_events_event_type on prompt_activity_events (event_type, prompt_id, event_time desc)`)
  }

  override down() {
    this.addSql(`
      drop index prompt_activity_events_event_type;
      create index prompt_activity_events_event_type on prompt_activity_events (event_type);
      drop index user_activity_events_user_id;
      create index user_activity_events_user_id on user_activity_events (user_id)`)
  }
}
