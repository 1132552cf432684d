import { type EntityManager, LockMode } from '@mikro-orm/postgresql'
import type { Received } from '#chassis/events/envelope.ts'
import { happenedAt, type Note, type Recovery, recovery } from '#chassis/events/recover.ts'
import { newId } from '#chassis/ids.ts'
import { Variable } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import type {
  PromptContentChanged,
  PromptCreated,
  PromptDeleted,
  PromptForked,
  PromptLiked,
  PromptRated,
  PromptUnliked,
  PromptUpdated,
} from '#contracts/gen/promptforge/prompt/v1/prompt_events.ts'
import type { Deps } from '../context.ts'
import { PromptLike } from '../db/prompt-like.entity.ts'
import { PromptRating } from '../db/prompt-rating.entity.ts'
import { Prompt } from '../db/prompt.entity.ts'
import { type PromptEntity, type Told, tellContent, tellState } from '../recovered.ts'

type Parts = Pick<Deps, 'database'>

/**
 * What `recover` brings back: prompts with their texts, who may see them, deletions, likes, ratings and forks. Comments, reviews, tags and what
 * nobody but the owner sees of a status are in no event. What versions hold comes first, for later events say only which is the head.
 */
export const recoveryOf = (parts: Parts): Recovery =>
  recovery({
    promptContentChanged: onContentChanged(parts),
    promptCreated: onState(parts),
    promptUpdated: onState(parts),
    promptDeleted: onState(parts),
    promptLiked: onLiked(parts),
    promptUnliked: onUnliked(parts),
    promptRated: onRated(parts),
    promptForked: onForked(parts),
  })

const promptToChange = (em: EntityManager, id: string): Promise<PromptEntity | null> =>
  em.findOne(Prompt, id, { lockMode: LockMode.PESSIMISTIC_WRITE })

const onContentChanged =
  ({ database }: Parts) =>
  (received: Received<PromptContentChanged>): Promise<Note | undefined> =>
    database.transaction(received, async (em) => {
      const { metadata, actor, changes: _, ...payload } = received.payload
      const { aggregateId: id, aggregateRevision } = metadata!
      const told: Told = { revision: Number(aggregateRevision), at: happenedAt(received), visible: payload.visible }
      const content = {
        title: payload.title,
        content: payload.content,
        description: payload.description || null,
        category: payload.category || null,
        variables: payload.variables.map((variable) => Variable.toJSON(variable)),
        model: payload.model || null,
        version: payload.version,
      }
      const prompt =
        (await promptToChange(em, id)) ??
        em.create(Prompt, {
          ...content,
          id,
          userId: actor!.userId,
          username: actor!.username,
          isPublic: payload.visible,
          publicFromVersion: payload.version,
          status: 'PUBLISHED',
          revision: told.revision,
          // The job that makes the terms finds it by its revision.
          search: '',
          createdAt: told.at,
        })
      tellContent(prompt, content, told)
      return undefined
    })

const onState =
  ({ database }: Parts) =>
  (received: Received<PromptCreated | PromptUpdated | PromptDeleted>): Promise<Note | undefined> =>
    database.transaction(received, async (em) => {
      const { payload, event } = received
      const { aggregateId, aggregateRevision } = payload.metadata!
      const prompt = await promptToChange(em, aggregateId)
      if (!prompt) return 'the prompt is lost: the streams do not have its text any more'
      tellState(prompt, {
        revision: Number(aggregateRevision),
        at: happenedAt(received),
        visible: payload.prompt!.visible,
        isDeleted: event.name === 'prompt.deleted',
        ...('version' in payload && { version: payload.version }),
      })
      return undefined
    })

/** Who did something with which prompt. */
type Social = PromptLiked | PromptUnliked | PromptRated | PromptForked

/** Does what an event of others' doing tells with its prompt, unless the prompt is lost, of which there is a note already. */
const withPrompt =
  <T extends Social>(work: (em: EntityManager, prompt: PromptEntity, received: Received<T>) => Promise<void>) =>
  ({ database }: Parts) =>
  (received: Received<T>): Promise<Note | undefined> =>
    database.transaction(received, async (em) => {
      const prompt = await promptToChange(em, received.payload.metadata!.aggregateId)
      if (prompt) await work(em, prompt, received)
      return undefined
    })

const onLiked = withPrompt<PromptLiked>(async (em, prompt, received) => {
  const userId = received.payload.actor!.userId
  const at = happenedAt(received)
  const stored = await em.findOne(PromptLike, { prompt, userId })
  if (stored) {
    if (stored.createdAt < at) stored.createdAt = at
    return
  }
  em.create(PromptLike, { id: newId(), prompt, userId, createdAt: at })
  prompt.likesCount! += 1
})

const onUnliked = withPrompt<PromptUnliked>(async (em, prompt, received) => {
  const like = await em.findOne(PromptLike, { prompt, userId: received.payload.actor!.userId })
  // After a replay events may come in another order.
  if (!like || like.createdAt > happenedAt(received)) return
  em.remove(like)
  prompt.likesCount! -= 1
})

const onRated = withPrompt<PromptRated>(async (em, prompt, received) => {
  const { actor, rating } = received.payload
  const { userId, username } = actor!
  const at = happenedAt(received)
  const stored = await em.findOne(PromptRating, { prompt, userId })
  if (stored) {
    if ((stored.updatedAt ?? stored.createdAt) > at) return
    prompt.ratingsSum += rating - stored.rating!
    Object.assign(stored, { rating, updatedAt: at })
    return
  }
  em.create(PromptRating, { id: newId(), prompt, userId, username, rating, createdAt: at })
  prompt.ratingsCount += 1
  prompt.ratingsSum += rating
})

const onForked = withPrompt<PromptForked>(async (em, prompt, { payload }) => {
  const fork = await promptToChange(em, payload.forkId)
  if (!fork || fork.forkedFromId) return
  fork.forkedFromId = prompt.id
  fork.forkedPrivate = !payload.prompt!.visible && !fork.isPublic
  prompt.forksCount += 1
})
