import type { SocialServiceService } from '#contracts/gen/promptforge/prompt/v1/social_service.ts'
import { FIRST, SEEN, type TableOf } from './row.ts'

const READ = ['PROMPTS_READ'] as const
const WRITE = ['PROMPTS_WRITE'] as const

/** Who says something of it: who sees it, and is signed in. */
const SAID = {
  public: 't++++++',
  private: 't-++--+',
  draft: 't-++--+',
  archived: 't++++++',
  deleted: 't------',
}

export const SOCIAL: TableOf<typeof SocialServiceService> = {
  likePrompt: { scopes: WRITE, request: ({ prompt }) => ({ promptId: prompt.id }), answers: SAID },
  unlikePrompt: { scopes: WRITE, request: ({ prompt }) => ({ promptId: prompt.id }), answers: SAID },
  listLikes: { scopes: READ, request: ({ prompt }) => ({ promptId: prompt.id, ...FIRST }), answers: SEEN },
  ratePrompt: {
    scopes: WRITE,
    request: ({ prompt }) => ({ promptId: prompt.id, rating: 4, review: 'Good' }),
    answers: {
      public: 't+O+++O',
      private: 't-O+--O',
      draft: 't-O+--O',
      archived: 't+O+++O',
      deleted: 't------',
    },
    refusals: { O: ['FAILED_PRECONDITION', 'OWN_PROMPT'] },
  },
  deleteRating: {
    scopes: WRITE,
    request: async ({ scene, prompt, caller, isAnswered }) => {
      if (isAnswered) await scene.make.rating(prompt.id, caller)
      return { promptId: prompt.id }
    },
    // The owner has not rated it.
    answers: {
      public: 't+-+++-',
      private: 't--+---',
      draft: 't--+---',
      archived: 't+-+++-',
      deleted: 't------',
    },
    oneByOne: true,
  },
  listRatings: { scopes: READ, request: ({ prompt }) => ({ promptId: prompt.id, ...FIRST }), answers: SEEN },
  createComment: {
    scopes: WRITE,
    request: ({ prompt }) => ({ promptId: prompt.id, content: 'Indeed' }),
    answers: SAID,
  },
  updateComment: [
    {
      when: 'the user’s',
      scopes: WRITE,
      request: ({ prompt }) => ({ promptId: prompt.id, commentId: prompt.comments.user, content: 'Well said' }),
      // Its author edits it while they see the prompt.
      answers: {
        public: 't+-----',
        private: 't------',
        draft: 't------',
        archived: 't+-----',
        deleted: 't------',
      },
    },
    {
      when: 'the owner’s',
      scopes: WRITE,
      request: ({ prompt }) => ({ promptId: prompt.id, commentId: prompt.comments.owner, content: 'Well said' }),
      answers: {
        public: 't-+---+',
        private: 't-+---+',
        draft: 't-+---+',
        archived: 't-+---+',
        deleted: 't------',
      },
    },
  ],
  deleteComment: {
    when: 'the buyer’s',
    scopes: WRITE,
    request: async ({ scene, prompt, isAnswered }) => ({
      promptId: prompt.id,
      commentId: isAnswered ? await scene.make.comment(prompt.id) : prompt.comments.buyer,
    }),
    // Its author, the owner of the prompt, and moderators.
    answers: {
      public: 't-+++++',
      private: 't-+++++',
      draft: 't-+++++',
      archived: 't-+++++',
      deleted: 't------',
    },
  },
  listComments: { scopes: READ, request: ({ prompt }) => ({ promptId: prompt.id, ...FIRST }), answers: SEEN },
}
