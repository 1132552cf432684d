import { type EntityManager, type InferEntity, LockMode, raw } from '@mikro-orm/postgresql'
import { idOfCreated } from '#chassis/db/idempotency.ts'
import type { Emit } from '#chassis/db/transaction.ts'
import { notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { EVENTS } from '#contracts/events.ts'
import { Variable } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import type { ForkPromptRequest } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { Author } from '../db/author.entity.ts'
import { Entitlement } from '../db/entitlement.entity.ts'
import { getPrompt } from '../db/get-prompt.ts'
import { Prompt } from '../db/prompt.entity.ts'
import { isValidLicence } from '../db/readable.ts'
import { rulesOf } from '../db/rules-of.ts'
import { forkVisibility } from '../fork.ts'
import { factsOf } from '../prompt.ts'
import { searchVector } from '#chassis/search/vector.ts'
import { toOwnPrompt } from './view.ts'

type PromptEntity = InferEntity<typeof Prompt>

export const forkPrompt = async ({ promptId, isPublic: wanted }: ForkPromptRequest, call: Call) => {
  const { caller, sql } = call
  const forkId = await idOfCreated(call, async (id, em, emit, now) => {
    const licences = await validLicences(em, promptId, caller.userId)
    const visibilityOf = (prompt: PromptEntity) =>
      forkVisibility({ ...rulesOf(prompt), forked_private: prompt.forkedPrivate }, licences, caller.userId, wanted)
    // Before it is locked: who may not fork it neither holds up others nor learns by waiting that it exists.
    visibilityOf(await promptToFork(em, promptId))
    const original = await promptToFork(em, promptId, LOCKED)
    const visibility = visibilityOf(original)
    const author = await em.findOne(Author, caller.userId)
    const fork = em.create(Prompt, {
      ...contentOf(original),
      ...visibility,
      id,
      userId: caller.userId,
      username: author?.username ?? caller.username,
      forkedFromId: original.id,
      forkedFromVersion: original.version!,
      search: searchVector({ ...original, description: original.description ?? null }),
      searchRevision: 1,
      createdAt: now,
    })
    original.forksCount += 1
    emitForked(emit, original, fork)
  })
  const [row] = await sql(getPrompt, { promptId: forkId, readerId: caller.userId })
  if (!row) throw notFound('prompt')
  return { prompt: toOwnPrompt(row) }
}

/** Until the transaction ends, so that its head stays what is copied, and its counter right. */
const LOCKED = { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true } as const

async function promptToFork(em: EntityManager, id: string, how: Partial<typeof LOCKED> = {}): Promise<PromptEntity> {
  const prompt = await em.findOne(Prompt, { id, deletedAt: null }, how)
  if (!prompt) throw notFound('prompt')
  return prompt
}

const validLicences = (em: EntityManager, promptId: string, userId: string) =>
  em.find(Entitlement, { promptId, userId, [raw(isValidLicence)]: [] })

const contentOf = ({ title, content, description, category, tags, variables, model }: PromptEntity) => ({
  title,
  content,
  description,
  category,
  tags,
  variables,
  model,
})

function emitForked(emit: Emit, original: PromptEntity, fork: PromptEntity) {
  const actor = { userId: fork.userId, username: fork.username }
  const metadata = { aggregateId: fork.id, aggregateRevision: 1n }
  emit(EVENTS.promptForked, {
    metadata: { aggregateId: original.id, aggregateRevision: BigInt(original.revision) },
    actor,
    prompt: factsOf(rulesOf(original)),
    forkId: fork.id,
  })
  const facts = factsOf(rulesOf(fork))
  emit(EVENTS.promptCreated, { metadata, actor, prompt: facts })
  emit(EVENTS.promptContentChanged, {
    metadata,
    actor,
    version: 1,
    title: fork.title,
    content: fork.content,
    description: fork.description ?? '',
    category: fork.category ?? '',
    variables: fork.variables.map((variable) => Variable.fromJSON(variable)),
    model: fork.model ?? '',
    changes: '',
    visible: facts.visible,
  })
}
