import { defineEntity, p } from '@mikro-orm/postgresql'

/** An account that was closed so recently that its user may still have an access token. A trigger on `users` keeps it. */
export const ClosedAccount = defineEntity({
  name: 'ClosedAccount',
  tableName: 'closed_accounts',
  properties: {
    userId: p.uuid().primary(),
    closedAt: p.datetime(3),
  },
})
