import { EVENTS } from '#contracts/events.ts'
import type { PlatformActivity, PromptActivity } from '#contracts/gen/promptforge/analytics/v1/analytics.ts'
import { VIEWED } from '../events/prompt-rows.ts'

/** How often each kind of event happened, by its name. */
type Counts = ReadonlyMap<string, bigint | number>

/** What happened to a prompt. */
export function toPromptActivity(counts: Counts): PromptActivity {
  const of = (name: string) => BigInt(counts.get(name) ?? 0)
  return {
    views: of(VIEWED),
    likes: of(EVENTS.promptLiked.name),
    unlikes: of(EVENTS.promptUnliked.name),
    comments: of(EVENTS.promptCommented.name),
    ratings: of(EVENTS.promptRated.name),
    forks: of(EVENTS.promptForked.name),
    versions: of(EVENTS.versionCreated.name),
  }
}

/** What happened on the platform. */
export function toPlatformActivity(counts: Counts): PlatformActivity {
  const of = (name: string) => BigInt(counts.get(name) ?? 0)
  return {
    ...toPromptActivity(counts),
    users: of(EVENTS.userRegistered.name),
    prompts: of(EVENTS.promptCreated.name),
    deletedPrompts: of(EVENTS.promptDeleted.name),
    events: [...counts.values()].reduce<bigint>((sum, count) => sum + BigInt(count), 0n),
  }
}
