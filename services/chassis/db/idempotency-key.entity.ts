import { defineEntity, p } from '@mikro-orm/postgresql'

/** A `request_id` that was used, and the resource that was made under it. */
export const UsedKey = defineEntity({
  name: 'UsedKey',
  tableName: 'idempotency_keys',
  properties: {
    callerId: p.uuid().primary(),
    method: p.string().length(200).primary(),
    key: p.uuid().primary(),
    requestHash: p.blob(),
    resourceId: p.uuid(),
  },
})
