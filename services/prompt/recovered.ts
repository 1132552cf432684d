import type { InferEntity } from '@mikro-orm/postgresql'
import type { Prompt } from './db/prompt.entity.ts'

/** A prompt as an entity. */
export type PromptEntity = InferEntity<typeof Prompt>

/** What an event tells of a prompt: its revision then, when that was, and whether it was in lists for everyone. */
export type Told = { revision: number; at: Date; visible: boolean }

/** What decides who may see a prompt, and what a change counts. */
type State = Pick<
  PromptEntity,
  'isPublic' | 'status' | 'version' | 'publicFromVersion' | 'revision' | 'createdAt' | 'updatedAt' | 'deletedAt'
>

/** What a version holds. */
type Content = Pick<PromptEntity, 'title' | 'content' | 'description' | 'category' | 'variables' | 'model' | 'version'>

/** Gives a prompt of an earlier time the text of a version, unless it has a newer one. */
export function tellContent(prompt: State & Content, content: Content, told: Told): void {
  if (content.version! < prompt.version!) return
  Object.assign(prompt, content)
  tellChange(prompt, told)
}

/**
 * Gives a prompt of an earlier time the state that an event tells, unless it has a newer one. The version is raised in any case, also where its
 * text is not known any more: what others store as this version must never be given to another text.
 */
export function tellState(prompt: State, told: Told & { isDeleted: boolean; version?: number }): void {
  if (told.version !== undefined && told.version > prompt.version!) prompt.version = told.version
  tellChange(prompt, told)
  if (told.isDeleted) prompt.deletedAt ??= told.at
}

function tellChange(prompt: State, { revision, at, visible }: Told): void {
  if (revision < prompt.revision) return
  if (revision > prompt.revision) prompt.updatedAt = at
  prompt.revision = revision
  show(prompt, visible)
}

/** An event does not tell why a prompt was not in lists: then it is private, which reveals nothing. */
function show(prompt: State, visible: boolean): void {
  if (visible === (prompt.isPublic! && prompt.status === 'PUBLISHED')) return
  if (visible) Object.assign(prompt, { status: 'PUBLISHED', publicFromVersion: prompt.version })
  prompt.isPublic = visible
}
