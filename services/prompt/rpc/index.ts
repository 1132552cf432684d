import { serve } from '#chassis/grpc/server.ts'
import { PromptInternalServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_internal_service.ts'
import { PromptServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { SocialServiceService } from '#contracts/gen/promptforge/prompt/v1/social_service.ts'
import type { Deps } from '../context.ts'
import { applyEntitlement } from './apply-entitlement.ts'
import { batchGetPrompts } from './batch-get-prompts.ts'
import { checkAccess } from './check-access.ts'
import { createComment } from './create-comment.ts'
import { createPrompt } from './create-prompt.ts'
import { deleteComment } from './delete-comment.ts'
import { deletePrompt } from './delete-prompt.ts'
import { deleteRating } from './delete-rating.ts'
import { forkPrompt } from './fork-prompt.ts'
import { getPrompt } from './get-prompt.ts'
import { likePrompt } from './like-prompt.ts'
import { listCategories } from './list-categories.ts'
import { listComments } from './list-comments.ts'
import { listFeed } from './list-feed.ts'
import { listLikes } from './list-likes.ts'
import { listPrompts } from './list-prompts.ts'
import { listRatings } from './list-ratings.ts'
import { ratePrompt } from './rate-prompt.ts'
import { renderPrompt } from './render-prompt.ts'
import { searchPrompts } from './search-prompts.ts'
import { unlikePrompt } from './unlike-prompt.ts'
import { updateComment } from './update-comment.ts'
import { updatePrompt } from './update-prompt.ts'

/** The table: a handler for each RPC. */
export const services = (deps: Deps) => [
  serve(PromptServiceService, {
    createPrompt: createPrompt(deps),
    getPrompt: getPrompt(deps),
    batchGetPrompts,
    listPrompts: listPrompts(deps),
    searchPrompts: searchPrompts(deps),
    listFeed: listFeed(deps),
    updatePrompt: updatePrompt(deps),
    deletePrompt,
    renderPrompt,
    forkPrompt,
    listCategories,
  }),
  serve(SocialServiceService, {
    likePrompt,
    unlikePrompt,
    listLikes: listLikes(deps),
    ratePrompt,
    deleteRating,
    listRatings: listRatings(deps),
    createComment,
    updateComment,
    deleteComment,
    listComments: listComments(deps),
  }),
  serve(PromptInternalServiceService, { checkAccess, applyEntitlement }),
]
