import { subscription, type Subscription } from '#chassis/events/subscription.ts'
import type { Deps } from '../context.ts'
import { onLicenseChanged } from './on-license-changed.ts'
import { onUserFollowed, onUserUnfollowed } from './on-user-followed.ts'
import { onUserErased } from './on-user-erased.ts'
import { onUserRenamed } from './on-user-renamed.ts'

/** What this service does with the events of others, by stream. */
export const subscriptions = ({ database: { sql } }: Pick<Deps, 'database'>): Subscription[] => [
  subscription(
    'PF_USER',
    { batch: 50 },
    {
      userRenamed: onUserRenamed(sql),
      userFollowed: onUserFollowed(sql),
      userUnfollowed: onUserUnfollowed(sql),
      userErased: onUserErased(sql),
    },
  ),
  subscription(
    'PF_MARKETPLACE',
    { batch: 50 },
    { licenseGranted: onLicenseChanged(sql), licenseRevoked: onLicenseChanged(sql) },
  ),
]
