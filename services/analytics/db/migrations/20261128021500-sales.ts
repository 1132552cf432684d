import { Migration } from '@mikro-orm/migrations'

/** What sellers sold. There are no events to count yet: the marketplace is new. */
export class Sales extends Migration {
  override up() {
    this.addSql(`
      create table sales_hourly (
        seller_id uuid not null,
        prompt_id uuid not null,
        hour timestamptz(3) not null,
        currency varchar(3) not null,
        sales bigint not null,
        refunds bigint not null,
        amount_cents bigint not null,
        fee_cents bigint not null,
        primary key (seller_id, prompt_id, hour, currency)
      );
      create index sales_hourly_prompt_id on sales_hourly (prompt_id, hour)`)
  }

  override down() {
    this.addSql('drop table sales_hourly')
  }
}
