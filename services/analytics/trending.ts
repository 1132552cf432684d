import { EVENTS } from '#contracts/events.ts'
import { VIEWED } from './events/prompt-rows.ts'

/** What an action weighs. A reader has one vote for a prompt and day in UTC: the action of theirs that weighs most. */
export const WEIGHTS: Readonly<Record<string, number>> = {
  [VIEWED]: 1,
  [EVENTS.promptLiked.name]: 3,
  [EVENTS.promptCommented.name]: 4,
  [EVENTS.promptForked.name]: 5,
}

/** Hours for which an account is new: whatever it does weighs as a view, for accounts are free. */
export const NEW_ACCOUNT_HOURS = 24

/** Days for which votes are kept: the longest window, and the day on which it begins. */
export const VOTE_DAYS = 31

/** A window: back to when a vote counts. */
export type Window = 'HOUR' | 'DAY' | 'WEEK' | 'MONTH'

/** The length of a window, and how often its scores are computed: a score of 30 days hardly changes within five minutes. */
export const WINDOWS: Record<Window, { hours: number; everyMs: number }> = {
  HOUR: { hours: 1, everyMs: 5000 },
  DAY: { hours: 24, everyMs: 5000 },
  WEEK: { hours: 7 * 24, everyMs: 30_000 },
  MONTH: { hours: 30 * 24, everyMs: 300_000 },
}

/** Half-lives of a vote's weight within a window. */
export const HALF_LIVES = 4
