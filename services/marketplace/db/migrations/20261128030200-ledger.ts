import { Migration } from '@mikro-orm/migrations'

export class Ledger extends Migration {
  override up() {
    this.addSql(`
      create table ledger_postings (
        id uuid primary key,
        -- Null for a payout, which has a reference instead.
        transaction_id uuid references transactions (id),
        kind varchar(20) not null,
        seller_id uuid not null,
        currency char(3) not null,
        reference varchar(100) unique,
        created_by uuid,
        created_at timestamptz(3) not null,
        -- What it changes of the seller's, so that the revenue of many sales is read from one index.
        fee bigint not null,
        pending bigint not null,
        available bigint not null,
        constraint ledger_postings_kind_check check (kind in ('PURCHASE', 'RELEASE', 'PAYOUT', 'REFUND', 'REFUND_SETTLED',
          'REFUND_REVERSED', 'DISPUTE', 'DISPUTE_REVERSED')),
        constraint ledger_postings_payout_check
          check ((kind = 'PAYOUT') = (transaction_id is null) and (kind = 'PAYOUT') = (reference is not null)),
        unique (transaction_id, kind)
      );
      create index ledger_postings_seller_id on ledger_postings (seller_id, created_at, id)
        include (currency, kind, fee, pending, available);

      create table ledger_entries (
        posting_id uuid not null references ledger_postings (id),
        account varchar(20) not null,
        amount bigint not null,
        currency char(3) not null,
        primary key (posting_id, account),
        constraint ledger_entries_account_check
          check (account in ('EXTERNAL', 'SELLER_PENDING', 'SELLER_AVAILABLE', 'FEE', 'REFUND_CLEARING')),
        constraint ledger_entries_amount_check check (amount <> 0)
      );

      create table seller_balances (
        seller_id uuid not null,
        currency char(3) not null,
        pending bigint not null default 0,
        available bigint not null default 0,
        primary key (seller_id, currency),
        constraint seller_balances_pending_check check (pending >= 0)
      );

      create function refuse_change() returns trigger language plpgsql as $$
        begin
          raise exception 'rows of % are never changed or deleted', tg_table_name using errcode = 'restrict_violation';
        end
      $$;
      create trigger ledger_entries_append_only before update or delete or truncate on ledger_entries
        for each statement execute function refuse_change();
      create trigger ledger_postings_append_only before update or delete or truncate on ledger_postings
        for each statement execute function refuse_change();

      create function check_posting() returns trigger language plpgsql as $$
        declare
          posting ledger_postings;
          sums record;
        begin
          if tg_table_name = 'ledger_postings' then
            posting := new;
          else
            select * into posting from ledger_postings where id = new.posting_id;
          end if;
          select coalesce(sum(amount), 0) as total, coalesce(bool_or(currency <> posting.currency), false) as mixed,
            coalesce(sum(amount) filter (where account = 'FEE'), 0) as fee,
            coalesce(sum(amount) filter (where account = 'SELLER_PENDING'), 0) as pending,
            coalesce(sum(amount) filter (where account = 'SELLER_AVAILABLE'), 0) as available
          into sums from ledger_entries where posting_id = posting.id;
          if sums.total <> 0 or sums.mixed then
            raise exception 'posting % does not sum to zero', posting.id
              using errcode = 'check_violation', constraint = 'ledger_postings_sum_check';
          end if;
          -- A loss of the platform's is in FEE, too, and nothing of the seller's changes with it.
          if posting.pending <> sums.pending or posting.available <> sums.available
              or (posting.fee <> sums.fee and (posting.fee <> 0 or posting.pending <> 0 or posting.available <> 0)) then
            raise exception 'posting % does not change what its entries change of the seller''s', posting.id
              using errcode = 'check_violation', constraint = 'ledger_postings_share_check';
          end if;
          return null;
        end
      $$;
      -- At the commit, when all entries are there.
      create constraint trigger ledger_entries_sum after insert on ledger_entries
        deferrable initially deferred for each row execute function check_posting();
      -- Of a posting that has no entries.
      create constraint trigger ledger_postings_share after insert on ledger_postings
        deferrable initially deferred for each row
        when (new.fee <> 0 or new.pending <> 0 or new.available <> 0) execute function check_posting();`)
  }

  override down() {
    this.addSql(`
      drop table seller_balances; drop table ledger_entries; drop table ledger_postings;
      drop function check_posting; drop function refuse_change`)
  }
}
