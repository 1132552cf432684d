import { Migration } from '@mikro-orm/migrations'

export class Trending extends Migration {
  override up() {
    this.addSql(`
      create table prompt_votes (
        day date not null,
        prompt_id uuid not null,
        voter uuid not null,
        weight smallint not null,
        voted_at timestamptz(3) not null,
        primary key (day, prompt_id, voter)
      );
      create table trending_prompts (
        "window" varchar(20) not null,
        prompt_id uuid not null,
        rank bigint not null,
        primary key ("window", prompt_id),
        constraint trending_prompts_window_check check ("window" in ('HOUR', 'DAY', 'WEEK', 'MONTH'))
      );
      create index trending_prompts_rank on trending_prompts ("window", rank desc, prompt_id desc);

      alter table prompt_facts add title varchar(200), add category varchar(50);
      update prompt_facts f set title = e.title, category = e.category
      from (
        select distinct on (prompt_id) prompt_id, title, category from prompt_activity_events
        where properties ? 'revision'
        order by prompt_id, (properties ->> 'revision')::bigint desc
      ) e
      where e.prompt_id = f.prompt_id and f.visible;

      create table user_facts (
        user_id uuid primary key,
        username varchar(50) not null,
        revision bigint not null
      );
      -- The events that are stored do not say the revision, so any later one replaces these.
      insert into user_facts (user_id, username, revision)
      select distinct on (user_id) user_id, username, 0 from user_activity_events
      where username is not null
      order by user_id, event_time desc`)
  }

  override down() {
    this.addSql(`
      drop table user_facts;
      alter table prompt_facts drop category, drop title;
      drop table trending_prompts;
      drop table prompt_votes`)
  }
}
