import type { Schema } from '#chassis/db/orm.ts'
import { LedgerEntry, LedgerPosting, SellerBalance } from './ledger.entity.ts'
import { License } from './license.entity.ts'
import { LicenseSigningKey } from './license-signing-key.entity.ts'
import { migrations } from './migrations/index.ts'
import { PromptListing } from './prompt-listing.entity.ts'
import { Transaction } from './transaction.entity.ts'

/** What this service stores. */
export const schema = {
  entities: [PromptListing, Transaction, License, LedgerPosting, LedgerEntry, SellerBalance, LicenseSigningKey],
  tables: ['idempotency_keys', 'inbox', 'outbox'],
  migrations,
} satisfies Schema
