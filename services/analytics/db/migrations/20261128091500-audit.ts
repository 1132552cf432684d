import { Migration } from '@mikro-orm/migrations'

/** The audit log. There is nothing to bring over: it begins with this release. */
export class Audit extends Migration {
  override up() {
    this.addSql(`
      create table audit_entries (
        event_id uuid not null,
        event_time timestamptz(3) not null,
        created_at timestamptz(3) not null default now(),
        action varchar(30) not null,
        actor_id uuid,
        actor_process varchar(50),
        subject_id uuid,
        target_kind varchar(20) not null,
        target_id uuid not null,
        target_name varchar(100),
        changes jsonb,
        reason varchar(500),
        request_id varchar(64),
        client_address varchar(45),
        user_agent varchar(300),
        primary key (event_id, event_time)
      ) partition by range (event_time);
      create index audit_entries_event_time on audit_entries (event_time desc, event_id desc);
      create index audit_entries_actor_id on audit_entries (actor_id, event_time desc, event_id desc);
      create index audit_entries_subject_id on audit_entries (subject_id, event_time desc, event_id desc);
      create index audit_entries_target_id on audit_entries (target_id, event_time desc, event_id desc);
      create table audit_entries_default partition of audit_entries default;

      -- An entry never changes. Of an erased user the address, the user agent and the reason are removed, and after 400 days it goes.
      create function keep_audit_entries() returns trigger language plpgsql as $$
        begin
          if tg_op = 'UPDATE' then
            if new.client_address is null and new.user_agent is null and new.reason is null
              and to_jsonb(new) - '{client_address,user_agent,reason}'::text[] = to_jsonb(old) - '{client_address,user_agent,reason}'::text[]
            then return new; end if;
          elsif tg_op = 'DELETE' then
            if old.event_time < now() - interval '400 days' then return old; end if;
          end if;
          raise exception 'the audit log is append-only' using errcode = 'restrict_violation';
        end $$;
      create trigger keep_audit_entries before update or delete on audit_entries
        for each row execute function keep_audit_entries();
      create trigger keep_all_audit_entries before truncate on audit_entries
        for each statement execute function keep_audit_entries();

      -- As before, with the audit log: its trigger lets the rows of the default partition be moved.
      create or replace function make_event_partitions(month date) returns integer language plpgsql as $$
        declare
          parent text;
          partition text;
          starts timestamptz := month::timestamp at time zone 'UTC';
          ends timestamptz := (month + interval '1 month') at time zone 'UTC';
          made integer := 0;
        begin
          perform pg_advisory_xact_lock(7264304);
          foreach parent in array array['user_activity_events', 'prompt_activity_events', 'audit_entries'] loop
            partition := parent || to_char(month, '_YYYY_MM');
            continue when exists (
              select from pg_inherits where inhparent = parent::regclass and inhrelid = to_regclass(partition)
            );
            execute format('create table %I (like %I including defaults)', partition, parent);
            execute format('lock table only %I in share update exclusive mode', parent);
            execute format('lock table %I in access exclusive mode', parent || '_default');
            execute format('alter table %I disable trigger user', parent || '_default');
            execute format(
              'with moved as (delete from %I where event_time >= $1 and event_time < $2 returning *)
              insert into %I select * from moved', parent || '_default', partition
            ) using starts, ends;
            execute format('alter table %I enable trigger user', parent || '_default');
            execute format('alter table %I attach partition %I for values from (%L) to (%L)',
              parent, partition, starts, ends);
            made := made + 1;
          end loop;
          return made;
        end $$;

      -- Drops the months of the audit log that ended 400 days ago, and answers with the names of their tables.
      create function drop_old_audit_entries() returns setof text language plpgsql as $$
        declare
          partition text;
        begin
          perform pg_advisory_xact_lock(7264304);
          for partition in
            select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where i.inhparent = 'audit_entries'::regclass and c.relname ~ '_\\d{4}_\\d\\d$'
              and (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month') at time zone 'UTC' <= now() - interval '400 days'
          loop
            execute format('drop table %I', partition);
            return next partition;
          end loop;
          delete from audit_entries_default where event_time < now() - interval '400 days';
        end $$;

      select make_event_partitions((date_trunc('month', now(), 'UTC') at time zone 'UTC' + n * interval '1 month')::date)
      from generate_series(-1, 2) n;`)
  }

  override down() {
    this.addSql(`
      drop function drop_old_audit_entries();
      drop table audit_entries;
      drop function keep_audit_entries();`)
  }
}
