import { defineEntity, p } from '@mikro-orm/postgresql'

/**
 * What counts of what one reader did to a prompt on a day in UTC: `voter` is the user, or who was not signed in by the hash of their
 * address. The author's own are among them.
 */
export const PromptVote = defineEntity({
  name: 'PromptVote',
  tableName: 'prompt_votes',
  properties: {
    day: p.date().primary(),
    promptId: p.uuid().primary(),
    voter: p.uuid().primary(),
    weight: p.smallint(),
    votedAt: p.datetime(3),
  },
})
