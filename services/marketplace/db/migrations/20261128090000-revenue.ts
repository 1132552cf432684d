import { Migration } from '@mikro-orm/migrations'

/** What revenue is counted from has an index of its own, in the order in which it is read. */
export class Revenue extends Migration {
  override up() {
    this.addSql(`
      create index ledger_postings_revenue on ledger_postings (seller_id, currency, created_at) include (kind, fee, pending, available)
        where kind in ('PURCHASE', 'REFUND', 'REFUND_REVERSED', 'DISPUTE', 'DISPUTE_REVERSED')
          and (fee <> 0 or pending <> 0 or available <> 0);
      drop index ledger_postings_seller_id;
      create index ledger_postings_seller_id on ledger_postings (seller_id, created_at, id);`)
  }

  override down() {
    this.addSql(`
      drop index ledger_postings_revenue;
      drop index ledger_postings_seller_id;
      create index ledger_postings_seller_id on ledger_postings (seller_id, created_at, id)
        include (currency, kind, fee, pending, available)`)
  }
}
