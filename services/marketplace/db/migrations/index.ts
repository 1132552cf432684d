import { LicenseSigningKeys } from './20261128020000-license-signing-keys.ts'
import { Listings } from './20261128030000-listings.ts'
import { Sales } from './20261128030100-sales.ts'
import { Ledger } from './20261128030200-ledger.ts'
import { Outbox } from './20261128030300-outbox.ts'
import { Revenue } from './20261128090000-revenue.ts'
import { SearchTable } from './20261128090000-search-table.ts'
import { PurchaseCause } from './20261128120000-purchase-cause.ts'

/** Oldest first. The names are stored in the database, so they never change. */
export const migrations = [
  { name: '20261128020000-license-signing-keys', class: LicenseSigningKeys },
  { name: '20261128030000-listings', class: Listings },
  { name: '20261128030100-sales', class: Sales },
  { name: '20261128030200-ledger', class: Ledger },
  { name: '20261128030300-outbox', class: Outbox },
  { name: '20261128090000-revenue', class: Revenue },
  { name: '20261128090000-search-table', class: SearchTable },
  { name: '20261128120000-purchase-cause', class: PurchaseCause },
]
