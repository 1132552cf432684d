import {
  type AnalyticsServiceService,
  GetPromptStatsRequest,
  GetUserStatsRequest,
  ListTrendingPromptsRequest,
} from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import { type AuditServiceService, ListAuditEntriesRequest } from '#contracts/gen/promptforge/audit/v1/audit_service.ts'
import { FIRST, type TableOf } from './row.ts'

const READ = ['PROMPTS_READ'] as const

export const ANALYTICS: TableOf<typeof AnalyticsServiceService> = {
  getPlatformStats: {
    request: () => ({}),
    shows: ({ revenue }) => revenue.length > 0,
    // What sales came to, administrators alone are told.
    answers: 'ooooo+o',
  },
  listTrendingPrompts: {
    request: () => ListTrendingPromptsRequest.fromPartial(FIRST),
    shows: ({ prompts }, { prompt }) => prompts.some(({ promptId }) => promptId === prompt.id),
    answers: {
      public: '+++++++',
      private: 'ooooooo',
      draft: 'ooooooo',
      archived: 'ooooooo',
      deleted: 'ooooooo',
    },
  },
  getPromptStats: {
    scopes: READ,
    request: ({ prompt }) => GetPromptStatsRequest.fromPartial({ promptId: prompt.id }),
    shows: ({ sales }) => sales !== undefined,
    // Others may ask about what is in lists for everyone; an API key without MARKET is told nothing of sales.
    answers: {
      public: 'oo+oo+o',
      private: '--+--+o',
      draft: '--+--+o',
      archived: '--+--+o',
      deleted: '-------',
    },
  },
  getUserStats: {
    scopes: READ,
    request: ({ scene }) => GetUserStatsRequest.fromPartial({ userId: scene.people.owner.id }),
    shows: ({ asSeller }) => asSeller !== undefined,
    answers: 't-+--+o',
  },
  listUserEvents: {
    request: ({ scene }) => ({ ...FIRST, userId: scene.people.owner.id, type: '' }),
    shows: ({ events }) => events.length > 0,
    answers: 't-+--+x',
  },
  listPromptEvents: {
    scopes: READ,
    request: ({ prompt }) => ({ ...FIRST, promptId: prompt.id, type: '' }),
    shows: ({ events }) => events.length > 0,
    answers: {
      public: 't-+--++',
      private: 't-+--++',
      draft: 't-+--++',
      archived: 't-+--++',
      deleted: 't----+-',
    },
  },
  watchEvents: { request: () => ({ after: '' }), answers: 'txxxx+x', endless: true },
}

/** Entries of what others did are shown to administrators alone. */
export const AUDIT: TableOf<typeof AuditServiceService> = {
  listAuditEntries: {
    request: ({ scene }) => ListAuditEntriesRequest.fromPartial({ ...FIRST, actorId: scene.people.owner.id }),
    shows: ({ entries }) => entries.length > 0,
    // The owner refunded what the buyer had bought: that entry is the buyer's as well.
    answers: 'to++o+x',
  },
}
