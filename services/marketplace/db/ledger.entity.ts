import { defineEntity, p } from '@mikro-orm/postgresql'
import { Transaction } from './transaction.entity.ts'

/**
 * Why money moved, once: see `ledger.ts`. A payout has a `reference` and no transaction. `fee`, `pending` and `available` are what it changes of the
 * seller's, minor units, as its entries say, which the database checks. Rows are never changed.
 */
export const LedgerPosting = defineEntity({
  name: 'LedgerPosting',
  tableName: 'ledger_postings',
  properties: {
    id: p.uuid().primary(),
    transaction: () => p.manyToOne(Transaction).nullable(),
    kind: p
      .enum([
        'PURCHASE',
        'RELEASE',
        'PAYOUT',
        'REFUND',
        'REFUND_SETTLED',
        'REFUND_REVERSED',
        'DISPUTE',
        'DISPUTE_REVERSED',
      ])
      .columnType('varchar(20)'),
    sellerId: p.uuid(),
    currency: p.string().columnType('char(3)'),
    reference: p.string().length(100).nullable(),
    createdBy: p.uuid().nullable(),
    createdAt: p.datetime(3),
    fee: p.bigint(),
    pending: p.bigint(),
    available: p.bigint(),
  },
})

/** What a posting changes in one account: `amount` in minor units. The entries of a posting sum to zero, which the database checks. */
export const LedgerEntry = defineEntity({
  name: 'LedgerEntry',
  tableName: 'ledger_entries',
  properties: {
    posting: () => p.manyToOne(LedgerPosting).primary(),
    account: p
      .enum(['EXTERNAL', 'SELLER_PENDING', 'SELLER_AVAILABLE', 'FEE', 'REFUND_CLEARING'])
      .columnType('varchar(20)')
      .primary(),
    amount: p.bigint(),
    currency: p.string().columnType('char(3)'),
  },
})

/** What a seller has, minor units: the sum of the entries of their accounts. */
export const SellerBalance = defineEntity({
  name: 'SellerBalance',
  tableName: 'seller_balances',
  properties: {
    sellerId: p.uuid().primary(),
    currency: p.string().columnType('char(3)').primary(),
    pending: p.bigint().default(0),
    available: p.bigint().default(0),
  },
})
