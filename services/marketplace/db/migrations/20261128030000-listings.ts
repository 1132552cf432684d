import { Migration } from '@mikro-orm/migrations'

export class Listings extends Migration {
  override up() {
    this.addSql(`
      create table prompt_listings (
        id uuid primary key,
        prompt_id uuid not null,
        seller_id uuid not null,
        title varchar(200) not null,
        description text,
        price decimal(10,2) not null,
        status varchar(20) not null,
        created_at timestamptz(3) not null,
        updated_at timestamptz(3),
        prompt_version integer not null,
        min_version integer not null,
        includes_updates boolean not null,
        category varchar(50),
        commercial_price decimal(10,2),
        currency char(3) not null,
        exclusive boolean not null,
        duration_days integer,
        samples jsonb not null default '[]',
        reserved_tx uuid,
        sales_count integer not null default 0,
        revision integer not null default 1,
        search tsvector not null,
        ordinal bigint not null,
        constraint prompt_listings_status_check check (status in ('ACTIVE', 'SOLD', 'REMOVED')),
        constraint prompt_listings_price_check check (price > 0 and commercial_price >= price),
        constraint prompt_listings_version_check check (min_version between 1 and prompt_version),
        constraint prompt_listings_duration_days_check check (duration_days > 0),
        constraint prompt_listings_reserved_tx_check check (exclusive or reserved_tx is null)
      );
      create index prompt_listings_prompt_id on prompt_listings (prompt_id, created_at desc, id desc);
      create unique index prompt_listings_active on prompt_listings (prompt_id) where status = 'ACTIVE';
      -- A prompt that was sold exclusively is never sold again.
      create unique index prompt_listings_sold on prompt_listings (prompt_id) where status = 'SOLD';
      create index prompt_listings_seller_id on prompt_listings (seller_id, created_at desc, id desc);
      create index prompt_listings_status on prompt_listings (status, created_at desc, id desc);
      create index prompt_listings_created_at on prompt_listings (created_at desc, id desc);
      create index prompt_listings_category on prompt_listings (category, created_at desc, id desc) where status = 'ACTIVE';
      create index prompt_listings_price on prompt_listings (currency, price, id) where status = 'ACTIVE';
      create index prompt_listings_sales_count on prompt_listings (sales_count desc, id desc) where status = 'ACTIVE';
      create sequence prompt_listings_ordinal owned by prompt_listings.ordinal;
      alter table prompt_listings alter column ordinal set default nextval('prompt_listings_ordinal');

      -- As \`prompt_search_keys\` of the prompt service: what a listing is found by, each with the number of the 1,024 listings among which it was made.
      create function listing_search_keys(search tsvector, ordinal bigint, category text, currency text)
      returns text[] language sql immutable parallel safe as $$
        select array_agg((ordinal >> 10) || ' ' || term)
        from (
          select lexeme from unnest(search)
          union all select '$' || currency
          union all select '/' || category where category is not null
        ) terms (term)
      $$;
      -- A pending list would be read from end to end for each part.
      create index prompt_listings_search on prompt_listings using gin (
        listing_search_keys(search, ordinal, category, currency)
      ) with (fastupdate = off)
        where status = 'ACTIVE';
      -- One plan is good for all values.
      alter index prompt_listings_search alter column 1 set statistics 0;`)
  }

  override down() {
    this.addSql(`
      drop table prompt_listings;
      drop function listing_search_keys(tsvector, bigint, text, text)`)
  }
}
