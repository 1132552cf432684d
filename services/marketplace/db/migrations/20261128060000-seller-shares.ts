import { Migration } from '@mikro-orm/migrations'

/** What a posting changes of the seller's is in the posting itself, so that the revenue of many sales is read from one index. */
export class SellerShares extends Migration {
  override up() {
    this.addSql(`
      alter table ledger_postings add column fee bigint not null default 0, add column pending bigint not null default 0,
        add column available bigint not null default 0;
      alter table ledger_postings disable trigger ledger_postings_append_only;
      -- What FEE bears of a dispute after a refund is the platform's loss, and changes nothing of the seller's.
      update ledger_postings p set fee = e.fee, pending = e.pending, available = e.available
      from (
        select posting_id, coalesce(sum(amount) filter (where account = 'FEE'), 0) as fee,
          coalesce(sum(amount) filter (where account = 'SELLER_PENDING'), 0) as pending,
          coalesce(sum(amount) filter (where account = 'SELLER_AVAILABLE'), 0) as available
        from ledger_entries group by 1
      ) e
      where e.posting_id = p.id and (e.pending <> 0 or e.available <> 0
        or exists (select from transactions t where t.id = p.transaction_id and t.fee = t.amount));
      alter table ledger_postings enable trigger ledger_postings_append_only;
      alter table ledger_postings alter column fee drop default, alter column pending drop default,
        alter column available drop default;

      drop index ledger_postings_seller_id;
      create index ledger_postings_seller_id on ledger_postings (seller_id, created_at, id)
        include (currency, kind, fee, pending, available);

      create or replace function check_posting() returns trigger language plpgsql as $$
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
      -- Of a posting that has no entries.
      create constraint trigger ledger_postings_share after insert on ledger_postings
        deferrable initially deferred for each row
        when (new.fee <> 0 or new.pending <> 0 or new.available <> 0) execute function check_posting();`)
  }

  override down() {
    this.addSql(`
      drop trigger ledger_postings_share on ledger_postings;
      create or replace function check_posting() returns trigger language plpgsql as $$
        declare
          posting ledger_postings;
        begin
          select * into posting from ledger_postings where id = new.posting_id;
          if (select coalesce(sum(amount), 0) <> 0 or bool_or(currency <> posting.currency)
              from ledger_entries where posting_id = posting.id) then
            raise exception 'posting % does not sum to zero', posting.id
              using errcode = 'check_violation', constraint = 'ledger_postings_sum_check';
          end if;
          return null;
        end
      $$;
      drop index ledger_postings_seller_id;
      create index ledger_postings_seller_id on ledger_postings (seller_id, created_at, id);
      alter table ledger_postings drop column fee, drop column pending, drop column available`)
  }
}
