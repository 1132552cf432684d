import { defineEntity, p } from '@mikro-orm/postgresql'

/** Whether one user follows another, as far as this service knows. A row stays when it ends, so that an older event does not bring it back. */
export const Follow = defineEntity({
  name: 'Follow',
  tableName: 'follows',
  properties: {
    followerId: p.uuid().primary(),
    followingId: p.uuid().primary(),
    revision: p.integer(),
    active: p.boolean(),
  },
})
