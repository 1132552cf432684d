import { Migration } from '@mikro-orm/migrations'

export class SearchTable extends Migration {
  override up() {
    this.addSql(`
      -- What a search reads of each active listing.
      create table listing_search (
        listing_id uuid primary key references prompt_listings (id) on delete cascade,
        ordinal bigint not null,
        price decimal(10,2) not null,
        category varchar(50),
        currency char(3) not null,
        search tsvector not null
      ) with (fillfactor = 90);

      create function keep_listing_search() returns trigger language plpgsql as $$
        begin
          if new.status = 'ACTIVE' then
            insert into listing_search (listing_id, ordinal, price, category, currency, search)
            values (new.id, new.ordinal, new.price, new.category, new.currency, new.search)
            on conflict (listing_id) do update set ordinal = excluded.ordinal, price = excluded.price,
              category = excluded.category, currency = excluded.currency, search = excluded.search;
          else
            delete from listing_search where listing_id = new.id;
          end if;
          return null;
        end $$;
      create trigger prompt_listings_search_insert after insert on prompt_listings
        for each row when (new.status = 'ACTIVE') execute function keep_listing_search();
      create trigger prompt_listings_search_update after update on prompt_listings
        for each row when (
          (old.status, old.ordinal, old.price, old.category, old.currency, old.search)
          is distinct from
          (new.status, new.ordinal, new.price, new.category, new.currency, new.search)
        ) execute function keep_listing_search();
      -- Nobody writes listings between the triggers and this: they lock the table until the end.
      insert into listing_search (listing_id, ordinal, price, category, currency, search)
      select id, ordinal, price, category, currency, search from prompt_listings where status = 'ACTIVE' order by ordinal;

      -- As \`listing_search_keys\`, by which the service before this migration searches, for parts of 4,096 listings.
      create function listing_part_keys(search tsvector, ordinal bigint, category text, currency text)
      returns text[] language sql immutable parallel safe as $$
        select array_agg((ordinal >> 12) || ' ' || term)
        from (
          select lexeme from unnest(search)
          union all select '$' || currency
          union all select '/' || category where category is not null
        ) terms (term)
      $$;
      create index listing_search_part_keys on listing_search using gin (
        listing_part_keys(search, ordinal, category, currency)
      ) with (fastupdate = off);
      alter index listing_search_part_keys alter column 1 set statistics 0;`)
  }

  override down() {
    this.addSql(`
      drop trigger prompt_listings_search_update on prompt_listings;
      drop trigger prompt_listings_search_insert on prompt_listings;
      drop function keep_listing_search();
      drop table listing_search;
      drop function listing_part_keys(tsvector, bigint, text, text);`)
  }
}
