import { Migration } from '@mikro-orm/migrations'

export class Rollups extends Migration {
  override up() {
    this.addSql(`
      create table prompt_daily (
        prompt_id uuid not null,
        day date not null,
        event_type varchar(50) not null,
        count bigint not null,
        primary key (prompt_id, day, event_type)
      );
      create table user_daily (
        user_id uuid not null,
        day date not null,
        event_type varchar(50) not null,
        count bigint not null,
        primary key (user_id, day, event_type)
      );
      create table platform_hourly (
        hour timestamptz(3) not null,
        event_type varchar(50) not null,
        count bigint not null,
        primary key (hour, event_type)
      );
      create table platform_totals (
        event_type varchar(50) primary key,
        count bigint not null
      );
      create table prompt_facts (
        prompt_id uuid primary key,
        owner_id uuid not null,
        visible boolean not null,
        deleted boolean not null,
        revision bigint not null,
        constraint prompt_facts_deleted_check check (not (deleted and visible))
      );`)
  }

  override down() {
    this.addSql(`
      drop table prompt_facts;
      drop table platform_totals;
      drop table platform_hourly;
      drop table user_daily;
      drop table prompt_daily;`)
  }
}
