import { Prompts } from './20261125210000-prompts.ts'
import { Social } from './20261125210100-social.ts'
import { Entitlements } from './20261125210200-entitlements.ts'
import { CategoriesAndRanks } from './20261125210300-categories-and-ranks.ts'
import { Outbox } from './20261126050000-outbox.ts'
import { Authors } from './20261126060000-authors.ts'
import { Follows } from './20261127080000-follows.ts'
import { Search } from './20261127080000-search.ts'
import { SocialLists } from './20261127080100-social-lists.ts'
import { Feed } from './20261127083000-feed.ts'
import { EntitlementsOfUsers } from './20261128020000-entitlements-of-users.ts'
import { SearchTable } from './20261128090000-search-table.ts'
import { RatingsForLists } from './20261128140000-ratings-for-lists.ts'
import { LikesForLists } from './20261128170000-likes-for-lists.ts'

/** Oldest first. The names are stored in the database, so they never change. */
export const migrations = [
  { name: '20261125210000-prompts', class: Prompts },
  { name: '20261125210100-social', class: Social },
  { name: '20261125210200-entitlements', class: Entitlements },
  { name: '20261125210300-categories-and-ranks', class: CategoriesAndRanks },
  { name: '20261126050000-outbox', class: Outbox },
  { name: '20261126060000-authors', class: Authors },
  { name: '20261127080000-follows', class: Follows },
  { name: '20261127080000-search', class: Search },
  { name: '20261127080100-social-lists', class: SocialLists },
  { name: '20261127083000-feed', class: Feed },
  { name: '20261128020000-entitlements-of-users', class: EntitlementsOfUsers },
  { name: '20261128090000-search-table', class: SearchTable },
  { name: '20261128140000-ratings-for-lists', class: RatingsForLists },
  { name: '20261128170000-likes-for-lists', class: LikesForLists },
]
