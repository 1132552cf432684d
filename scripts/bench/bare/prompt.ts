import type { Pool } from 'pg'
import { v7 } from 'uuid'
import { claimValues } from '#chassis/db/idempotency.ts'
import {
  Access_Kind,
  type Prompt,
  Prompt_Status,
  type PromptSummary,
  Variable,
} from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import { cursorAfter, rangeAfter } from '#chassis/db/newest-first.ts'
import {
  type CreatePromptRequest,
  PromptServiceService as Rpcs,
} from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { getPrompt } from '../../../services/prompt/db/get-prompt.ts'
import { insertPrompt } from '../../../services/prompt/db/insert-prompt.ts'
import { listFeed } from '../../../services/prompt/db/list-feed.ts'
import { cursorOf, listQuery } from '../../../services/prompt/db/list-prompts.ts'
import { searchQuery } from '../../../services/prompt/db/search-prompts.ts'
import type { PromptRow, SummaryRow } from '../../../services/prompt/db/rows.ts'
import { updatePrompt } from '../../../services/prompt/db/update-prompt.ts'
import { cursorOf as cursorOfMatch, MAX_RANKED } from '#chassis/search/ranked-search.ts'
import { requiredTerms } from '#chassis/search/terms.ts'
import { searchVector, titleVector } from '#chassis/search/vector.ts'
import { excerpt, highlight } from '../../../services/prompt/snippet.ts'
import { bareRpc, type BareRpc, query } from './serve.ts'
import type { Caller } from './tokens.ts'

const PAGE = 20

/** The prompt service's measured RPCs with nothing but their statements. */
export const promptRpcs = (pool: Pool): BareRpc[] => [
  bareRpc(Rpcs.getPrompt, async ({ promptId }, caller) => {
    const [row] = await query(pool, getPrompt, { promptId, readerId: caller!.userId })
    if (!row) throw new Error('no such prompt')
    const access = { kind: Access_Kind.PUBLIC, readableVersions: [{ from: row.public_from_version, to: row.version }] }
    const prompt = { ...toPrompt(row), publicFromVersion: undefined }
    return { prompt, access, likedByMe: row.liked_by_me, myRating: row.my_rating ?? undefined }
  }),
  bareRpc(Rpcs.listPrompts, async ({ category }) => {
    const filter = { order: 'CREATED', category, userId: undefined, isOwn: false, tag: undefined } as const
    const { query: statement, params } = listQuery({ ...filter, isPublic: undefined }, undefined, PAGE + 1)
    const rows = await query(pool, statement, params)
    const nextPageToken = Buffer.from(JSON.stringify(cursorOf(rows[PAGE - 1]!))).toString('base64url')
    return { prompts: rows.slice(0, PAGE).map(toSummary), nextPageToken }
  }),
  bareRpc(Rpcs.searchPrompts, async ({ query: searched }) => {
    const terms = requiredTerms(searched)
    const { query: statement, params } = searchQuery(terms, ANYBODYS, undefined, PAGE + 1)
    const rows = (await query(pool, statement, params)).filter((row) => row.id !== null)
    const marked = new Set(terms)
    const matches = rows.slice(0, PAGE).map((row) => ({
      prompt: toSummary(row),
      rank: row.rank,
      title: highlight(row.title, marked),
      description: excerpt(row.description ?? '', marked),
    }))
    const last = rows[PAGE] && rows[PAGE - 1]!
    const nextPageToken = last ? Buffer.from(JSON.stringify(cursorOfMatch(last))).toString('base64url') : ''
    const count = rows[0]!.count
    return { matches, nextPageToken, matchesCount: Math.min(count, MAX_RANKED), newestOnly: count > MAX_RANKED }
  }),
  bareRpc(Rpcs.listFeed, async (_, caller) => {
    const rows = await query(pool, listFeed, { followerId: caller!.userId, ...rangeAfter(undefined, PAGE + 1) })
    const nextPageToken = Buffer.from(JSON.stringify(cursorAfter(rows[PAGE - 1]!))).toString('base64url')
    return { prompts: rows.slice(0, PAGE).map(toSummary), nextPageToken }
  }),
  bareRpc(Rpcs.createPrompt, async (request, caller) => {
    const { title, content, description, category, tags, model } = request
    const { userId, username } = caller!
    const id = v7()
    const variables = JSON.stringify(request.variables.map((variable) => Variable.toJSON(variable)))
    const search = searchVector({ title, tags, description })
    const own = { id, user_id: userId, username, is_public: true, status: 'PUBLISHED', search }
    const written = { title, content, description, category, tags, model, variables }
    const [row] = await query(pool, insertPrompt, { ...own, ...written, ...claimValues(undefined, id), ...EVENTS })
    return { prompt: newPrompt(request, caller!, id, row!.created_at), warnings: [] }
  }),
  bareRpc(Rpcs.updatePrompt, async ({ promptId, title, content }, caller) => {
    const { userId, username } = caller!
    const changed = { promptId, ownerId: userId, ownerName: username, changes: '' }
    const [row] = await query(pool, updatePrompt, {
      ...UNCHANGED,
      ...changed,
      title: title ?? null,
      titleTerms: title === undefined ? null : titleVector(title),
      content: content ?? null,
      ...EVENTS,
    })
    if (!row) throw new Error('no such prompt')
    return { prompt: toPrompt(row), warnings: [] }
  }),
]

const ANYBODYS = { userId: undefined, isOwn: false, category: undefined, tag: undefined, isPublic: undefined }

/** The parameter of its events. */
const EVENTS = { eventHeaders: '{}' }

const UNCHANGED = {
  etag: null,
  description: null,
  category: null,
  tags: null,
  variables: null,
  model: null,
  isPublic: null,
  status: null,
  publicFromVersion: null,
  tagsTerms: null,
  descriptionTerms: null,
}

const toSummary = (row: SummaryRow): PromptSummary => ({
  id: row.id,
  title: row.title,
  description: row.description ?? '',
  category: row.category ?? '',
  userId: row.user_id,
  username: row.username,
  isPublic: row.is_public,
  version: row.version,
  likesCount: row.likes_count,
  commentsCount: row.comments_count,
  ratingsCount: row.ratings_count,
  forksCount: row.forks_count,
  ratingAvg: row.rating_avg ?? undefined,
  tags: row.tags,
  model: row.model ?? '',
  status: Prompt_Status[row.status],
  createdAt: row.created_at,
  updatedAt: row.updated_at ?? undefined,
})

const toPrompt = (row: PromptRow): Prompt => ({
  ...toSummary(row),
  content: row.content,
  variables: row.variables.map((variable) => Variable.fromJSON(variable)),
  publicFromVersion: row.public_from_version,
  forkedFromId: undefined,
  forkedFromVersion: undefined,
  etag: String(row.revision),
})

const newPrompt = (request: CreatePromptRequest, caller: Caller, id: string, createdAt: Date): Prompt => ({
  ...request,
  ...caller,
  id,
  isPublic: true,
  version: 1,
  likesCount: 0,
  commentsCount: 0,
  ratingsCount: 0,
  forksCount: 0,
  status: Prompt_Status.PUBLISHED,
  publicFromVersion: 1,
  createdAt,
  etag: '1',
})
