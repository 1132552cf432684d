import { defineEntity, p } from '@mikro-orm/postgresql'

/**
 * What has been counted and can happen only once to a prompt or a user: `prompt.created`, `version.created 3`. It stays for ever, so
 * that `resync` cannot bring it again under another id.
 */
export const CountedOnce = defineEntity({
  name: 'CountedOnce',
  tableName: 'counted_once',
  properties: { about: p.uuid().primary(), event: p.string().length(80).primary() },
})
