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
      create index prompt_listings_search on prompt_listings using gin (search) where status = 'ACTIVE';`)
  }

  override down() {
    this.addSql('drop table prompt_listings')
  }
}
