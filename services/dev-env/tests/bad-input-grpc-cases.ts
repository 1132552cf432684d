import { status } from '@grpc/grpc-js'
import type { Stub } from '#chassis/grpc/client.ts'
import {
  type AnalyticsServiceService,
  GetPromptStatsRequest,
  GetUserStatsRequest,
  ListTrendingPromptsRequest,
} from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import {
  CreatePromptRequest,
  GetPromptRequest,
  ListPromptsRequest,
  type PromptServiceService,
  UpdatePromptRequest,
} from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { SearchPromptsRequest } from '#contracts/gen/promptforge/prompt/v1/search.ts'
import { Variable } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import type { UserServiceService } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import {
  GetVersionRequest,
  ListVersionsRequest,
  type VersionServiceService,
} from '#contracts/gen/promptforge/version/v1/version_service.ts'
import type { Scene } from './bad-input-cases.ts'

/** Real clients for the services. */
export type Stubs = {
  prompts: Stub<typeof PromptServiceService>
  users: Stub<typeof UserServiceService>
  versions: Stub<typeof VersionServiceService>
  analytics: Stub<typeof AnalyticsServiceService>
}

/** A bad request over gRPC, and what it must be answered with. */
export type GrpcCase = {
  name: string
  call: (stubs: Stubs, scene: Scene) => Promise<unknown>
  code: status
  reason: string
  /** Proto paths of all violations, sorted. */
  fields?: string[]
}

const create = (
  name: string,
  input: Partial<CreatePromptRequest>,
  fields: string[],
  reason = 'VALIDATION_FAILED',
): GrpcCase => ({
  name: `create: ${name}`,
  call: ({ prompts }, { ann }) =>
    prompts.createPrompt(
      { ...CreatePromptRequest.fromPartial({ title: 'A title', content: 'Content' }), ...input },
      {
        token: ann.token,
      },
    ),
  code: status.INVALID_ARGUMENT,
  reason,
  fields,
})

const list = (
  name: string,
  input: Partial<ListPromptsRequest>,
  fields: string[],
  reason = 'VALIDATION_FAILED',
): GrpcCase => ({
  name: `list: ${name}`,
  call: ({ prompts }) => prompts.listPrompts({ ...ListPromptsRequest.fromPartial({}), ...input }),
  code: status.INVALID_ARGUMENT,
  reason,
  fields,
})

const search = (
  name: string,
  input: Partial<SearchPromptsRequest>,
  fields: string[],
  reason = 'VALIDATION_FAILED',
): GrpcCase => ({
  name: `search: ${name}`,
  call: ({ prompts }) => prompts.searchPrompts({ ...SearchPromptsRequest.fromPartial({ query: 'a' }), ...input }),
  code: status.INVALID_ARGUMENT,
  reason,
  fields,
})

const versions = (
  name: string,
  input: Partial<ListVersionsRequest>,
  fields: string[],
  reason = 'VALIDATION_FAILED',
): GrpcCase => ({
  name: `versions: ${name}`,
  call: (stubs, { prompts }) =>
    stubs.versions.listVersions({ ...ListVersionsRequest.fromPartial({ promptId: prompts.public }), ...input }),
  code: status.INVALID_ARGUMENT,
  reason,
  fields,
})

const version = (name: string, input: Partial<GetVersionRequest>, fields: string[]): GrpcCase => ({
  name: `version: ${name}`,
  call: (stubs, { prompts }) =>
    stubs.versions.getVersion({ ...GetVersionRequest.fromPartial({ promptId: prompts.public, version: 1 }), ...input }),
  code: status.INVALID_ARGUMENT,
  reason: 'VALIDATION_FAILED',
  fields,
})

const stats = (name: string, input: Partial<GetPromptStatsRequest>, fields: string[]): GrpcCase => ({
  name: `statistics: ${name}`,
  call: ({ analytics }, { prompts }) =>
    analytics.getPromptStats({ ...GetPromptStatsRequest.fromPartial({ promptId: prompts.public }), ...input }),
  code: status.INVALID_ARGUMENT,
  reason: 'VALIDATION_FAILED',
  fields,
})

const day = (text: string) => new Date(`${text}T00:00:00Z`)

const hidden = (name: string, id: (scene: Scene) => string): GrpcCase => ({
  name: `somebody else's: ${name}`,
  call: ({ prompts }, scene) => prompts.getPrompt({ promptId: id(scene) }, { token: scene.ben.token }),
  code: status.NOT_FOUND,
  reason: 'RESOURCE_NOT_FOUND',
})

const badToken = (name: string, token: (scene: Scene) => string): GrpcCase => ({
  name: `token: ${name}`,
  call: ({ prompts }, scene) => prompts.listPrompts(ListPromptsRequest.fromPartial({}), { token: token(scene) }),
  code: status.UNAUTHENTICATED,
  reason: 'TOKEN_INVALID',
})

/** The table over gRPC, to the services themselves: nothing depends on the gateway's having looked. */
export const GRPC_CASES: GrpcCase[] = [
  create('an empty title', { title: '' }, ['title']),
  create('a title of 201 emoji', { title: '😀'.repeat(201) }, ['title']),
  create('a description of 5,001 combined letters', { description: 'q\u0301'.repeat(2501) }, ['description']),
  create('an enum value that nobody knows', { status: 99 as never }, ['status']),
  create('the zero of an enum', { status: 0 }, ['status']),
  create(
    'a variable whose type nobody knows',
    { variables: [Variable.fromPartial({ name: 'x', type: 42 as never })] },
    ['variables[0].type'],
  ),
  create(
    'NUL in three places',
    { title: 'a\0', tags: ['b\0'], variables: [Variable.fromPartial({ name: 'x', type: 1, description: 'c\0' })] },
    ['tags[0]', 'title', 'variables[0].description'],
  ),
  create('an unknown category', { category: 'no-such' }, ['category'], 'CATEGORY_UNKNOWN'),
  create('a request_id that is no UUID', { requestId: '' }, ['request_id']),
  list('a negative page size', { pageSize: -1 }, ['page_size']),
  list('a page token of 1,001 characters', { pageToken: 'a'.repeat(1001) }, ['page_token']),
  list('a page token that was made up', { pageToken: 'bWFkZSB1cA' }, ['page_token'], 'PAGE_TOKEN_INVALID'),
  list('an order that nobody knows', { orderBy: 77 as never }, ['order_by']),
  list('an owner that is no user', { userId: 'you' }, ['user_id']),
  {
    name: 'list: a page token of another list',
    call: ({ prompts }, { pageToken }) => prompts.listPrompts(ListPromptsRequest.fromPartial({ pageToken, tag: 'x' })),
    code: status.INVALID_ARGUMENT,
    reason: 'PAGE_TOKEN_INVALID',
    fields: ['page_token'],
  },
  search('10,000 characters', { query: 'a'.repeat(10_000) }, ['query']),
  search('NUL', { query: 'a\0' }, ['query']),
  search('a negative page size', { pageSize: -1 }, ['page_size']),
  search('an owner that is no user', { userId: 'you' }, ['user_id']),
  search('a page token that was made up', { pageToken: 'bWFkZSB1cA' }, ['page_token'], 'PAGE_TOKEN_INVALID'),
  {
    name: 'search: a page token of a list',
    call: ({ prompts }, { pageToken }) =>
      prompts.searchPrompts(SearchPromptsRequest.fromPartial({ query: '', category: 'writing', pageToken })),
    code: status.INVALID_ARGUMENT,
    reason: 'PAGE_TOKEN_INVALID',
    fields: ['page_token'],
  },
  {
    name: 'update: a stale etag',
    call: ({ prompts }, { ann, prompts: made }) =>
      prompts.updatePrompt(UpdatePromptRequest.fromPartial({ promptId: made.public, title: 'x', etag: '9999' }), {
        token: ann.token,
      }),
    code: status.ABORTED,
    reason: 'ETAG_STALE',
  },
  {
    name: 'update: without a token',
    call: ({ prompts }, { prompts: made }) =>
      prompts.updatePrompt(UpdatePromptRequest.fromPartial({ promptId: made.public, title: 'x' })),
    code: status.UNAUTHENTICATED,
    reason: 'TOKEN_MISSING',
  },
  {
    name: "update: somebody else's profile",
    call: ({ users }, { ann, ben }) => users.updateUser({ userId: ann.id, bio: 'mine' }, { token: ben.token }),
    code: status.NOT_FOUND,
    reason: 'RESOURCE_NOT_FOUND',
  },
  {
    name: 'get: an empty id',
    call: ({ prompts }) => prompts.getPrompt(GetPromptRequest.fromPartial({})),
    code: status.INVALID_ARGUMENT,
    reason: 'VALIDATION_FAILED',
    fields: ['prompt_id'],
  },
  {
    name: 'get: `me` without a token',
    call: ({ users }) => users.getUser({ userId: 'me' }),
    code: status.UNAUTHENTICATED,
    reason: 'TOKEN_MISSING',
  },
  versions('an empty id', { promptId: '' }, ['prompt_id']),
  versions('a negative page size', { pageSize: -1 }, ['page_size']),
  versions('a view that nobody knows', { view: 77 as never }, ['view']),
  versions('a page token of 1,001 characters', { pageToken: 'a'.repeat(1001) }, ['page_token']),
  versions('a page token that was made up', { pageToken: 'bWFkZSB1cA' }, ['page_token'], 'PAGE_TOKEN_INVALID'),
  version('an id in upper case', { promptId: '01890000-0000-7000-8000-00000000000F' }, ['prompt_id']),
  version('no version', { version: 0 }, ['version']),
  version('a negative version', { version: -1 }, ['version']),
  version('a hash in upper case', { knownHash: 'A'.repeat(64) }, ['known_hash']),
  stats('an empty id', { promptId: '' }, ['prompt_id']),
  stats('a granularity that nobody knows', { granularity: 77 as never }, ['granularity']),
  stats('an end at the start', { start: day('2026-01-01'), end: day('2026-01-01') }, ['']),
  stats('367 days', { start: day('2025-01-01'), end: day('2026-01-03') }, ['']),
  stats('times of other centuries', { start: day('1999-12-31'), end: day('2100-01-01') }, ['end', 'start']),
  {
    name: "somebody else's: the version of a private prompt",
    call: (stubs, { ben, prompts }) =>
      stubs.versions.getVersion({ promptId: prompts.private, version: 1 }, { token: ben.token }),
    code: status.NOT_FOUND,
    reason: 'RESOURCE_NOT_FOUND',
  },
  {
    name: "somebody else's: statistics of a private prompt",
    call: ({ analytics }, { ben, prompts }) =>
      analytics.getPromptStats(GetPromptStatsRequest.fromPartial({ promptId: prompts.private }), { token: ben.token }),
    code: status.NOT_FOUND,
    reason: 'RESOURCE_NOT_FOUND',
  },
  {
    name: "somebody else's: statistics of a user",
    call: ({ analytics }, { ann, ben }) =>
      analytics.getUserStats(GetUserStatsRequest.fromPartial({ userId: ann.id }), { token: ben.token }),
    code: status.NOT_FOUND,
    reason: 'RESOURCE_NOT_FOUND',
  },
  {
    name: 'trending: a page token that is none',
    call: ({ analytics }) =>
      analytics.listTrendingPrompts(ListTrendingPromptsRequest.fromPartial({ pageToken: 'page 2' })),
    code: status.INVALID_ARGUMENT,
    reason: 'PAGE_TOKEN_INVALID',
    fields: ['page_token'],
  },
  {
    name: 'statistics: of the platform, with a token that is malformed',
    call: ({ analytics }, { tokens }) => analytics.getPlatformStats({}, { token: tokens.malformed }),
    code: status.UNAUTHENTICATED,
    reason: 'TOKEN_INVALID',
  },
  hidden('a private prompt', ({ prompts }) => prompts.private),
  hidden('a draft', ({ prompts }) => prompts.draft),
  hidden('an archived private prompt', ({ prompts }) => prompts.archivedPrivate),
  hidden('a deleted prompt', ({ prompts }) => prompts.deleted),
  badToken('malformed', ({ tokens }) => tokens.malformed),
  badToken('expired', ({ tokens }) => tokens.expired),
  badToken('signed with a foreign key', ({ tokens }) => tokens.foreignKey),
  badToken('alg:none', ({ tokens }) => tokens.algNone),
  badToken('for another audience', ({ tokens }) => tokens.wrongAudience),
  badToken('tampered with', ({ tokens }) => tokens.tampered),
  badToken('a refresh token', ({ ann }) => ann.refreshToken),
]
