import { Migration } from '@mikro-orm/migrations'

export class Partitions extends Migration {
  override up() {
    this.addSql(`
      -- Makes the partitions of a month (its first day) where they are absent, moves into them what the default partitions have of
      -- it, and answers how many were made. They are made beside their tables and then attached, which keeps nobody from reading
      -- or writing the other partitions. One at a time, for several replicas want the same months.
      create function make_event_partitions(month date) returns integer language plpgsql as $$
        declare
          parent text;
          partition text;
          starts timestamptz := month::timestamp at time zone 'UTC';
          ends timestamptz := (month + interval '1 month') at time zone 'UTC';
          made integer := 0;
        begin
          perform pg_advisory_xact_lock(7264304);
          foreach parent in array array['user_activity_events', 'prompt_activity_events'] loop
            partition := parent || to_char(month, '_YYYY_MM');
            continue when exists (
              select from pg_inherits where inhparent = parent::regclass and inhrelid = to_regclass(partition)
            );
            execute format('create table %I (like %I including defaults)', partition, parent);
            execute format('lock table only %I in share update exclusive mode', parent);
            execute format('lock table %I in access exclusive mode', parent || '_default');
            execute format(
              'with moved as (delete from %I where event_time >= $1 and event_time < $2 returning *)
              insert into %I select * from moved', parent || '_default', partition
            ) using starts, ends;
            execute format('alter table %I attach partition %I for values from (%L) to (%L)',
              parent, partition, starts, ends);
            made := made + 1;
          end loop;
          return made;
        end $$;

      -- Takes the partitions of a month (its first day) out of their tables, and answers with their names: they stay as tables of
      -- their own, to be stored elsewhere and dropped.
      create function detach_event_partitions(month date) returns setof text language plpgsql as $$
        declare
          parent text;
          partition text;
        begin
          perform pg_advisory_xact_lock(7264304);
          foreach parent in array array['user_activity_events', 'prompt_activity_events'] loop
            partition := parent || to_char(month, '_YYYY_MM');
            execute format('alter table %I detach partition %I', parent, partition);
            return next partition;
          end loop;
        end $$;

      select make_event_partitions((date_trunc('month', now(), 'UTC') at time zone 'UTC' + n * interval '1 month')::date)
      from generate_series(-1, 2) n;`)
  }

  override down() {
    this.addSql(`
      drop function detach_event_partitions(date);
      drop function make_event_partitions(date);`)
  }
}
