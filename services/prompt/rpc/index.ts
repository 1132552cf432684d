import { serve } from '#chassis/grpc/server.ts'
import {
  PromptInternalServiceService,
  PromptServiceService,
} from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { SocialServiceService } from '#contracts/gen/promptforge/prompt/v1/social_service.ts'
import type { Deps } from '../context.ts'
import { batchGetPrompts } from './batch-get-prompts.ts'
import { checkAccess } from './check-access.ts'
import { createPrompt } from './create-prompt.ts'
import { deletePrompt } from './delete-prompt.ts'
import { forkPrompt } from './fork-prompt.ts'
import { getPrompt } from './get-prompt.ts'
import { likePrompt } from './like-prompt.ts'
import { listCategories } from './list-categories.ts'
import { listPrompts } from './list-prompts.ts'
import { renderPrompt } from './render-prompt.ts'
import { unlikePrompt } from './unlike-prompt.ts'
import { updatePrompt } from './update-prompt.ts'

/** The table: a handler for each RPC. */
export const services = (deps: Deps) => [
  serve(PromptServiceService, {
    createPrompt: createPrompt(deps),
    getPrompt: getPrompt(deps),
    batchGetPrompts,
    listPrompts: listPrompts(deps),
    updatePrompt: updatePrompt(deps),
    deletePrompt,
    renderPrompt,
    forkPrompt,
    listCategories,
  }),
  serve(SocialServiceService, { likePrompt, unlikePrompt }),
  serve(PromptInternalServiceService, { checkAccess }),
]
