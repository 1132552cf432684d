import type { Step } from './step.ts'

/** What all of that comes to. */
export const STATISTICS: Step[] = [
  { call: 'getPromptStats', path: { prompt_id: '$prompt' }, until: { place: 'totals' } },
  { call: 'getPlatformStats' },
  { call: 'listTrendingPrompts' },
  { call: 'getUserStats', as: 'lena', path: { user_id: 'me' } },
  { call: 'listUserEvents', as: 'lena', path: { user_id: 'me' }, query: { page_size: 2 } },
  { call: 'listPromptEvents', as: 'lena', path: { prompt_id: '$prompt' }, query: { page_size: 2 } },
  { call: 'watchEvents', as: 'mira', events: 1 },
  { call: 'listAuditEntries', as: 'lena', query: { page_size: 1 } },
]
