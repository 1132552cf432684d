import { invalid, notFound, staleEtag } from '#chassis/errors.ts'
import { eventValues } from '#chassis/events/outbox.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { UpdatePromptRequest } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import type { Deps } from '../context.ts'
import type { PromptRow } from '../db/rows.ts'
import * as db from '../db/update-prompt.ts'
import { forkNotPublishable } from '../fork.ts'
import { storedStatus, storedTags, storedVariables } from '../prompt.ts'
import { descriptionVector, tagsVector, titleVector } from '#chassis/search/vector.ts'
import { checkCategory } from './check-category.ts'
import { toOwnAnswer } from './view.ts'

export const updatePrompt =
  ({ categories }: Pick<Deps, 'categories'>) =>
  async (request: UpdatePromptRequest, call: Call) => {
    const change = readChange(request, call)
    await checkCategory(categories, request.category)
    const [row] = await call.sql(db.updatePrompt, change)
    if (!row) throw notFound('prompt')
    checkOutcome(row)
    return toOwnAnswer(row)
  }

function readChange(request: UpdatePromptRequest, { caller, origin }: Call): db.Change {
  const { title, description, variables, status } = request
  const tags = request.tags && storedTags(request.tags.values)
  return {
    promptId: request.promptId,
    ownerId: caller.userId,
    etag: request.etag ?? null,
    title: title ?? null,
    content: request.content ?? null,
    description: description ?? null,
    category: request.category ?? null,
    tags: tags ?? null,
    variables: variables ? JSON.stringify(storedVariables(variables.values, 'variables.values')) : null,
    model: request.model ?? null,
    isPublic: request.isPublic ?? null,
    status: status === undefined ? null : storedStatus(status),
    publicFromVersion: request.publicFromVersion ?? null,
    titleTerms: title === undefined ? null : titleVector(title),
    tagsTerms: tags ? tagsVector(tags) : null,
    descriptionTerms: description === undefined ? null : descriptionVector(description),
    changes: request.changes,
    ownerName: caller.username,
    ...eventValues(origin),
  }
}

function checkOutcome({ outcome, revision }: PromptRow & { outcome: db.Outcome }) {
  switch (outcome) {
    case 'CHANGED':
    case 'UNCHANGED':
      return
    case 'ETAG_STALE':
      throw staleEtag(String(revision))
    case 'ABOVE_HEAD':
      throw invalid([{ field: 'public_from_version', description: 'must not be above the head version' }])
    case 'FORK_NOT_PUBLISHABLE':
      throw forkNotPublishable()
  }
}
