import { randomUUID } from 'node:crypto'
import { License_Type } from '#contracts/gen/promptforge/marketplace/v1/license.ts'
import type { PromptSummary } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import type { PromptInternalServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_internal_service.ts'
import {
  CreatePromptRequest,
  ListPromptsRequest_OrderBy as OrderBy,
  type PromptServiceService,
} from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { SearchPromptsRequest } from '#contracts/gen/promptforge/prompt/v1/search.ts'
import { SEEN, type Cell, FIRST, type PromptState, type TableOf } from './row.ts'
import { VALUES } from './runs-scene.ts'
import { CONTENT } from './scene.ts'

const READ = ['PROMPTS_READ'] as const
const WRITE = ['PROMPTS_WRITE'] as const

/** The prompt is in a list. */
const isListed = ({ prompts }: { prompts: PromptSummary[] }, { prompt }: Cell) =>
  prompts.some(({ id }) => id === prompt.id)

// Everybody's lists have what is public and published; one's own have all but what is deleted.
const LISTED = {
  public: '+++++++',
  private: 'oo+ooo+',
  draft: 'oo+ooo+',
  archived: 'oo+ooo+',
  deleted: 'ooooooo',
}

export const PROMPTS: TableOf<typeof PromptServiceService> = {
  createPrompt: {
    scopes: WRITE,
    request: () => CreatePromptRequest.fromPartial({ title: 'New', content: CONTENT, isPublic: false }),
    answers: 't++++++',
  },
  getPrompt: {
    scopes: READ,
    request: ({ prompt }) => ({ promptId: prompt.id }),
    shows: ({ prompt }) => prompt!.content === CONTENT,
    answers: SEEN,
  },
  batchGetPrompts: {
    scopes: READ,
    request: ({ prompt }) => ({ promptIds: [prompt.id] }),
    shows: isListed,
    answers: {
      public: '+++++++',
      private: 'oo++oo+',
      draft: 'oo++oo+',
      archived: '+++++++',
      deleted: 'ooooooo',
    },
  },
  listPrompts: {
    scopes: READ,
    request: ({ scene, prompt }) => ({
      ...FIRST,
      userId: scene.people.owner.id,
      tag: prompt.tag,
      orderBy: OrderBy.CREATED,
    }),
    shows: isListed,
    answers: LISTED,
  },
  searchPrompts: {
    scopes: READ,
    request: ({ scene, prompt }) =>
      SearchPromptsRequest.fromPartial({ ...FIRST, query: prompt.tag, userId: scene.people.owner.id }),
    shows: ({ matches }, { prompt }) => matches.some((match) => match.prompt!.id === prompt.id),
    answers: LISTED,
  },
  listFeed: {
    scopes: READ,
    request: () => FIRST,
    shows: isListed,
    // Nobody follows oneself.
    answers: {
      public: 't+o+++o',
      private: 'toooooo',
      draft: 'toooooo',
      archived: 'toooooo',
      deleted: 'toooooo',
    },
  },
  updatePrompt: {
    scopes: WRITE,
    request: ({ prompt, state }) => ({ promptId: prompt.id, title: `Access ${state}`, changes: '' }),
    answers: {
      public: 't-+---+',
      private: 't-+---+',
      draft: 't-+---+',
      archived: 't-+---+',
      deleted: 't------',
    },
  },
  deletePrompt: {
    scopes: WRITE,
    request: async ({ scene, prompt, state, isAnswered }) => ({
      promptId: isAnswered ? await scene.make.prompt(state as PromptState) : prompt.id,
    }),
    answers: {
      public: 't-+-+++',
      private: 't-+-+++',
      draft: 't-+-+++',
      archived: 't-+-+++',
      deleted: 't------',
    },
  },
  renderPrompt: {
    scopes: READ,
    request: ({ prompt }) => ({ promptId: prompt.id, values: VALUES }),
    answers: SEEN,
  },
  forkPrompt: {
    scopes: WRITE,
    request: ({ prompt }) => ({ promptId: prompt.id }),
    // A PERSONAL licence does not allow it.
    answers: {
      public: 't++++++',
      private: 't-+F--+',
      draft: 't-+F--+',
      archived: 't++++++',
      deleted: 't------',
    },
    refusals: { F: ['FAILED_PRECONDITION', 'FORK_NOT_ALLOWED'] },
  },
  listCategories: { request: () => ({}), answers: '+++++++' },
}

export const PROMPT_INTERNALS: TableOf<typeof PromptInternalServiceService> = {
  checkAccess: {
    services: ['version', 'test', 'marketplace'],
    request: ({ prompt }) => ({ promptId: prompt.id }),
    // The licence still unlocks a version of what is deleted.
    answers: { ...SEEN, deleted: '---+---' },
  },
  applyEntitlement: {
    services: ['marketplace'],
    request: () => ({
      entitlement: {
        licenseId: randomUUID(),
        promptId: randomUUID(),
        userId: randomUUID(),
        licenseType: License_Type.PERSONAL,
        minVersion: 1,
        active: true,
        revision: 1n,
      },
    }),
    answers: '+++++++',
  },
}
