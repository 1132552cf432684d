import { invalid } from '#chassis/errors.ts'
import type { Caller } from '#chassis/grpc/tokens.ts'
import { newId } from '#chassis/ids.ts'
import { placeholdersOf, type Template, typeProblem } from '#chassis/render.ts'
import {
  type Access,
  Access_Kind,
  Prompt_Status,
  prompt_StatusToJSON,
  Variable,
  type VariableWarning,
  VariableWarning_Kind,
  type VersionRange,
} from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import type { PromptFacts } from '#contracts/gen/promptforge/prompt/v1/prompt_events.ts'
import type { CreatePromptRequest } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'

/** A status as the table spells it. */
export type Status = 'DRAFT' | 'PUBLISHED' | 'ARCHIVED'

/** What decides who may read a prompt. */
export type Readable = {
  user_id: string
  is_public: boolean
  status: Status
  version: number
  public_from_version: number
  deleted_at: Date | null
  /** First and last version of each of the reader's valid licences, none beyond the head; null without any. */
  licences: [from: number, to: number][] | null
}

/** What decides what events say of a prompt. */
export type Described = Pick<Readable, 'user_id' | 'is_public' | 'status' | 'deleted_at'> & {
  title: string
  category: string | null
}

/** A prompt that is about to be stored. */
export type NewPrompt = {
  id: string
  title: string
  content: string
  description: string | null
  category: string | null
  user_id: string
  username: string
  is_public: boolean
  tags: string[]
  variables: unknown[]
  model: string | null
  status: Status
}

const MAX_VARIABLES_BYTES = 32 * 1024

/**
 * By what right somebody reads a prompt, and which of its versions; undefined when by none. Without `readerId`: what anyone
 * may. A prompt that is deleted, private or a draft is readable only in the versions that licences name: whoever sold them cannot take them away.
 */
export function accessTo(prompt: Readable, readerId: string | undefined): Access | undefined {
  const { version, public_from_version: publicFrom } = prompt
  const exists = prompt.deleted_at === null
  if (exists && isOwnedBy(prompt, readerId)) return ownAccess(version)
  const licensed = (prompt.licences ?? []).map(([from, to]) => ({ from, to }))
  if (!exists || !isRevealed(prompt)) {
    return licensed.length > 0 ? { kind: Access_Kind.LICENSED, readableVersions: joinRanges(licensed) } : undefined
  }
  // What is public always reaches the head, so a licence can only add what lies before.
  const kind = licensed.some(({ from }) => from < publicFrom) ? Access_Kind.LICENSED : Access_Kind.PUBLIC
  return { kind, readableVersions: joinRanges([{ from: publicFrom, to: version }, ...licensed]) }
}

/** Whether somebody may see a prompt, and with it its likes, ratings and comments. `db/readable.ts` says it in SQL. */
export const isShownTo = (prompt: Readable, readerId: string | undefined) =>
  prompt.deleted_at === null && accessTo(prompt, readerId) !== undefined

/** The owner's right to a prompt with this head. */
export const ownAccess = (version: number): Access => ({
  kind: Access_Kind.OWNER,
  readableVersions: [{ from: 1, to: version }],
})

/** Whether a prompt is somebody's own. */
export const isOwnedBy = ({ user_id }: Pick<Readable, 'user_id'>, userId: string | undefined) => user_id === userId

/** Whether anyone may read the head version of a prompt that is not deleted. */
export const isRevealed = ({ is_public, status }: Pick<Readable, 'is_public' | 'status'>) =>
  is_public && status !== 'DRAFT'

/** The first version that anyone may read, and with it all later ones; undefined when there is none. */
export const firstPublicVersion = (
  prompt: Pick<Readable, 'is_public' | 'status' | 'deleted_at' | 'public_from_version'>,
) => (prompt.deleted_at === null && isRevealed(prompt) ? prompt.public_from_version : undefined)

/** Whether a right includes the head version, whose content a prompt shows. */
export const readsHead = ({ readableVersions }: Access, version: number) => readableVersions.at(-1)!.to >= version

/** Whether a prompt is in lists for everyone. `db/readable.ts` says it in SQL. */
export const isListed = ({ is_public, status, deleted_at }: Pick<Readable, 'is_public' | 'status' | 'deleted_at'>) =>
  is_public && status === 'PUBLISHED' && deleted_at === null

/** What an event may say of a prompt: title and category only of what is in lists for everyone. `db/emissions.ts` says it in SQL. */
export function factsOf(prompt: Described): PromptFacts {
  const visible = isListed(prompt)
  const { user_id: ownerId, title, category } = prompt
  return { ownerId, visible, title: visible ? title : '', category: (visible && category) || '' }
}

/** Makes the row of a new prompt from a request that keeps the contract's rules. Throws when the variables are too large. */
export function newPrompt(request: CreatePromptRequest, { userId, username }: Caller): NewPrompt {
  return {
    id: newId(),
    title: request.title,
    content: request.content,
    description: request.description || null,
    category: request.category || null,
    user_id: userId,
    username,
    is_public: request.isPublic ?? true,
    tags: storedTags(request.tags),
    variables: storedVariables(request.variables, 'variables'),
    model: request.model || null,
    status: storedStatus(request.status ?? Prompt_Status.PUBLISHED),
  }
}

/** Tags as they are stored and looked for: in lower case, sorted, each once. */
export const storedTags = (tags: string[]) => [...new Set(tags)].toSorted()

/** Variables of the field `field` as they are stored: proto3 JSON. Throws INVALID_ARGUMENT above 32 KiB of it, and for a default of the wrong type. */
export function storedVariables(variables: Variable[], field: string): unknown[] {
  const violations = variables.flatMap((variable, index) => {
    const problem = variable.defaultValue === undefined ? undefined : typeProblem(variable, variable.defaultValue)
    return problem === undefined ? [] : [{ field: `${field}[${index}].default_value`, description: problem }]
  })
  if (violations.length > 0) throw invalid(violations)
  const stored = variables.map((variable) => Variable.toJSON(variable))
  if (Buffer.byteLength(JSON.stringify(stored)) > MAX_VARIABLES_BYTES) {
    throw invalid([{ field, description: 'must not take more than 32 KiB in all' }])
  }
  return stored
}

/** Warnings of one answer. */
const MAX_WARNINGS = 100

/** What an author may have overlooked: placeholders that no variable declares, and variables that stand nowhere in the content. */
export function variableWarnings({ content, variables }: Template): VariableWarning[] {
  const found = placeholdersOf(content)
  const declared = new Set(variables.map(({ name }) => name))
  const warn = (kind: VariableWarning['kind'], names: Set<string>) => [...names].map((name) => ({ kind, name }))
  const warnings = [
    ...warn(VariableWarning_Kind.UNUSED, declared.difference(found)),
    ...warn(VariableWarning_Kind.UNDECLARED, found.difference(declared)),
  ]
  return warnings.slice(0, MAX_WARNINGS)
}

/** A status as it is stored. The contract lets no other value in. */
export const storedStatus = (status: Prompt_Status) => prompt_StatusToJSON(status) as Status

/** Ranges in ascending order, those that touch or overlap made one. */
function joinRanges(ranges: VersionRange[]): VersionRange[] {
  const joined: VersionRange[] = []
  for (const { from, to } of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = joined.at(-1)
    if (last && from <= last.to + 1) last.to = Math.max(last.to, to)
    else joined.push({ from, to })
  }
  return joined
}
