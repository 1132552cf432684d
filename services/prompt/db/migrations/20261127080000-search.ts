import { Migration } from '@mikro-orm/migrations'

export class Search extends Migration {
  override up() {
    this.addSql(`
      -- The service makes the terms: what \`to_tsvector\` makes does not find words in scripts without spaces, nor \`c++\`. A version of
      -- the service that runs during the deploy still writes prompts without them: \`refreshSearch\` makes theirs, as those of all others.
      alter table prompts alter column search drop expression;
      alter table prompts
        alter column search set default '',
        add column search_revision integer not null default 0,
        add column ordinal bigint;
      create sequence prompts_ordinal owned by prompts.ordinal;
      alter table prompts alter column ordinal set default nextval('prompts_ordinal');
      -- Those that are there get ordinals below 1, newest first.
      create sequence prompts_former_ordinal increment -1 start 0 minvalue -9223372036854775808 maxvalue 0 owned by prompts.ordinal;

      create index prompts_search_due on prompts (created_at desc, id desc)
        where search_revision <> revision and deleted_at is null;

      -- What a prompt is found by, each with the number of the 1,024 prompts among which the prompt was made: a search goes
      -- through these parts from the newest on, and ends when it has found enough.
      create function prompt_search_keys(search tsvector, ordinal bigint, user_id uuid, category text)
      returns text[] language sql immutable parallel safe as $$
        select array_agg((ordinal >> 10) || ' ' || term)
        from (
          select lexeme from unnest(search)
          union all select '@' || user_id
          union all select '/' || category where category is not null
        ) terms (term)
      $$;
      -- A pending list would be read from end to end for each part.
      create index prompts_search on prompts using gin (
        prompt_search_keys(search, ordinal, user_id, category)
      ) with (fastupdate = off)
        where is_public and status = 'PUBLISHED' and deleted_at is null and ordinal is not null;
      -- One plan is good for all values.
      alter index prompts_search alter column 1 set statistics 0;`)
  }

  override down() {
    this.addSql(`
      drop index prompts_search;
      drop function prompt_search_keys(tsvector, bigint, uuid, text);
      drop index prompts_search_due;
      drop sequence prompts_former_ordinal;
      alter table prompts drop column search, drop column search_revision, drop column ordinal;
      alter table prompts add column search tsvector not null generated always as (
        setweight(to_tsvector('simple'::regconfig, title), 'A')
        || array_to_tsvector(tags)
        || setweight(to_tsvector('simple'::regconfig, coalesce(description, '')), 'B')
      ) stored;`)
  }
}
