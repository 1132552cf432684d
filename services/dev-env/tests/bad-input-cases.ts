import type { RestOptions, SignedIn } from './harness.ts'

/** Everything that bad requests are made against. */
export type Scene = {
  /** The owner of the things below. */
  ann: SignedIn
  /** Somebody else. */
  ben: SignedIn
  /** Ann's prompts, by what others may see of them. */
  prompts: Record<'public' | 'private' | 'draft' | 'archivedPrivate' | 'deleted', string>
  /** A page token of `GET /v1/prompts?category=writing&page_size=1`. */
  pageToken: string
  /** Access tokens that are no good. */
  tokens: Record<
    'malformed' | 'expired' | 'foreignKey' | 'algNone' | 'wrongAudience' | 'tampered' | 'licenseDocument',
    string
  >
  market: {
    /** Ann's listing of her private prompt, for 19.99. */
    listing: string
    /** Another of hers, of which Ben has bought a licence by this request id, and somebody else another one. */
    bought: string
    requestId: string
    /** What somebody else has bought. */
    others: { transaction: string; license: string }
    /** What the payment provider signs its notices with. */
    webhookSecret: string
  }
}

/** A bad request over REST, and what it must be answered with. */
export type RestCase = {
  name: string
  request: (scene: Scene) => [request: string, options?: RestOptions]
  status: number
  reason: string
  /** Proto paths of all violations, sorted. */
  fields?: string[]
}

/** The id of nothing and nobody. */
export const OTHER = '01890000-0000-7000-8000-00000000000f'
const emoji = (count: number) => '😀'.repeat(count)
const combining = (pairs: number) => 'q\u0301'.repeat(pairs)
const variable = (name: string) => ({ name, type: 'TEXT' })

type Overrides = Record<string, unknown>
const good: Overrides = { title: 'A title', content: 'Some content' }

const create = (name: string, body: unknown, fields: string[], headers?: Record<string, string>): RestCase => ({
  name: `create: ${name}`,
  request: ({ ann }) => ['POST /v1/prompts', { token: ann.token, body, ...(headers && { headers }) }],
  status: 400,
  reason: 'VALIDATION_FAILED',
  fields,
})

const rejected = (name: string, body: unknown): RestCase => ({
  name: `create: ${name}`,
  request: ({ ann }) => ['POST /v1/prompts', { token: ann.token, body }],
  status: 400,
  reason: 'REQUEST_REJECTED',
})

const update = (name: string, body: unknown, fields: string[], reason = 'VALIDATION_FAILED'): RestCase => ({
  name: `update: ${name}`,
  request: ({ ann, prompts }) => [`PATCH /v1/prompts/${prompts.public}`, { token: ann.token, body }],
  status: 400,
  reason,
  fields,
})

/** A bad request to read something. */
export const get = (
  name: string,
  path: (scene: Scene) => string,
  status: number,
  reason: string,
  fields?: string[],
): RestCase => ({
  name: `read: ${name}`,
  request: (scene) => [`GET ${path(scene)}`],
  status,
  reason,
  ...(fields && { fields }),
})

const versionOf =
  (rest: string) =>
  ({ prompts }: Scene) =>
    `/v1/prompts/${prompts.public}/versions${rest.startsWith('?') ? rest : `/${rest}`}`

/** What the caller may not know of. */
export const asBen = (name: string, request: (scene: Scene) => string, body?: unknown): RestCase => ({
  name: `somebody else's: ${name}`,
  request: (scene) => [request(scene), { token: scene.ben.token, body }],
  status: 404,
  reason: 'RESOURCE_NOT_FOUND',
})

/** An access token that is no good. */
export const badToken = (name: string, token: (scene: Scene) => string): RestCase[] =>
  ['POST /v1/prompts', 'GET /v1/prompts'].map((request) => ({
    name: `token: ${name} at ${request}`,
    request: (scene) => [request, { token: token(scene), ...(request.startsWith('POST') && { body: good }) }],
    status: 401,
    reason: 'TOKEN_INVALID',
  }))

const register = (name: string, overrides: Overrides, fields: string[]): RestCase => ({
  name: `register: ${name}`,
  request: () => [
    'POST /v1/auth/register',
    { body: { username: 'newcomer', email: 'new@example.com', password: 'long enough', ...overrides } },
  ],
  status: 400,
  reason: 'VALIDATION_FAILED',
  fields,
})

const unauthenticated = (name: string, headers: Record<string, string> = {}): RestCase => ({
  name: `token: ${name}`,
  request: () => ['POST /v1/prompts', { body: good, headers }],
  status: 401,
  reason: 'TOKEN_MISSING',
})

/** The table over REST. */
export const REST_CASES: RestCase[] = [
  create('nothing', {}, ['content', 'title']),
  create('a title of 201 letters', { ...good, title: 'a'.repeat(201) }, ['title']),
  create('a title of 201 emoji', { ...good, title: emoji(201) }, ['title']),
  create('a title of 202 code points in 101 combined letters', { ...good, title: combining(101) }, ['title']),
  create('empty content', { ...good, content: '' }, ['content']),
  create('content of 200,001 characters', { ...good, content: 'a'.repeat(200_001) }, ['content']),
  create('a description of 5,001 emoji', { ...good, description: emoji(5001) }, ['description']),
  create('21 tags', { ...good, tags: Array.from({ length: 21 }, (_, i) => `tag${i}`) }, ['tags']),
  create('a tag of 51 characters', { ...good, tags: ['ok', 'a'.repeat(51)] }, ['tags[1]']),
  create('an empty tag', { ...good, tags: [''] }, ['tags[0]']),
  create('a model of 101 characters', { ...good, model: 'm'.repeat(101) }, ['model']),
  create('archived at birth', { ...good, status: 'ARCHIVED' }, ['status']),
  create('an unknown status number', { ...good, status: 99 }, ['status']),
  create('the zero status', { ...good, status: 'STATUS_UNSPECIFIED' }, ['status']),
  create('a variable that begins with a digit', { ...good, variables: [variable('1st')] }, ['variables[0].name']),
  create('a variable without a type', { ...good, variables: [{ name: 'x' }] }, ['variables[0].type']),
  create('two variables of one name', { ...good, variables: [variable('x'), variable('x')] }, ['variables']),
  create('51 variables', { ...good, variables: Array.from({ length: 51 }, (_, i) => variable(`v${i}`)) }, [
    'variables',
  ]),
  create('more than 32 KiB of variables', { ...good, variables: manyVariables() }, ['variables']),
  create('a request_id that is no UUID', { ...good, requestId: 'first' }, ['request_id']),
  create('a request_id in upper case', { ...good, requestId: OTHER.toUpperCase() }, ['request_id']),
  create('an Idempotency-Key that is no UUID', good, ['request_id'], { 'idempotency-key': 'first' }),
  create('NUL in a title', { ...good, title: 'a\0b' }, ['title']),
  create('everything wrong at once', { title: '', content: '', tags: [''], model: 'm'.repeat(101), requestId: 'x' }, [
    'content',
    'model',
    'request_id',
    'tags[0]',
    'title',
  ]),
  {
    name: 'create: an Idempotency-Key that differs from request_id',
    request: ({ ann }) => [
      'POST /v1/prompts',
      {
        token: ann.token,
        body: { ...good, requestId: OTHER },
        headers: { 'idempotency-key': OTHER.replace('0f', '0e') },
      },
    ],
    status: 400,
    reason: 'REQUEST_ID_CONFLICT',
    fields: ['request_id'],
  },
  {
    name: 'create: an unknown category',
    request: ({ ann }) => ['POST /v1/prompts', { token: ann.token, body: { ...good, category: 'no-such' } }],
    status: 400,
    reason: 'CATEGORY_UNKNOWN',
    fields: ['category'],
  },
  rejected('a number for a title', { ...good, title: { nested: true } }),
  rejected('a list for a text', { ...good, title: ['a'] }),
  rejected('a word for a boolean', { ...good, isPublic: 'maybe' }),
  rejected('an unknown status name', { ...good, status: 'NOPE' }),
  rejected('broken JSON', '{"title": '),
  rejected('a JSON list', '[1]'),
  rejected('bytes that are not UTF-8', Uint8Array.from(Buffer.from('{"title": "\xff\xfe", "content": "x"}', 'latin1'))),
  rejected('a lone surrogate', '{"title": "\\ud800", "content": "x"}'),
  {
    name: 'create: a body of 5 MB',
    request: ({ ann }) => ['POST /v1/prompts', { token: ann.token, body: { ...good, content: 'a'.repeat(5_000_000) } }],
    status: 413,
    reason: 'REQUEST_TOO_LARGE',
  },

  update('an empty title', { title: '' }, ['title']),
  update('a bad etag', { etag: 'yesterday' }, ['etag']),
  update('public from version 0', { publicFromVersion: 0 }, ['public_from_version']),
  update('public from a version that is not there', { publicFromVersion: 99 }, ['public_from_version']),
  update('changes of 1,001 characters', { title: 'new', changes: 'a'.repeat(1001) }, ['changes']),
  update('an unknown category', { category: 'no-such' }, ['category'], 'CATEGORY_UNKNOWN'),
  update('21 tags', { tags: { values: Array.from({ length: 21 }, (_, i) => `t${i}`) } }, ['tags.values']),
  {
    name: 'update: a stale etag',
    request: ({ ann, prompts }) => [
      `PATCH /v1/prompts/${prompts.public}`,
      { token: ann.token, body: { title: 'x', etag: '9999' } },
    ],
    status: 409,
    reason: 'ETAG_STALE',
  },

  get('an id that is no UUID', () => '/v1/prompts/first', 400, 'VALIDATION_FAILED', ['prompt_id']),
  get('an id in upper case', ({ prompts }) => `/v1/prompts/${prompts.public.toUpperCase()}`, 400, 'VALIDATION_FAILED', [
    'prompt_id',
  ]),
  get(
    'a path field in the query',
    ({ prompts }) => `/v1/prompts/${prompts.public}?prompt_id=${prompts.private}`,
    400,
    'PATH_FIELD_IN_QUERY',
    ['prompt_id'],
  ),
  get(
    'a path field in the query, in camel case',
    ({ prompts }) => `/v1/prompts/${prompts.public}?promptId=${prompts.private}`,
    400,
    'PATH_FIELD_IN_QUERY',
    ['promptId'],
  ),
  get(
    'a path field behind a second question mark',
    ({ prompts }) => `/v1/prompts/${prompts.public}?=?&prompt_id=${prompts.private}`,
    400,
    'PATH_FIELD_IN_QUERY',
    ['prompt_id'],
  ),
  get('an unknown query parameter', () => '/v1/prompts?colour=red', 400, 'REQUEST_REJECTED'),
  get('a negative page size', () => '/v1/prompts?page_size=-1', 400, 'VALIDATION_FAILED', ['page_size']),
  get('a page size in words', () => '/v1/prompts?page_size=ten', 400, 'REQUEST_REJECTED'),
  get('an unknown order', () => '/v1/prompts?order_by=LUCK', 400, 'REQUEST_REJECTED'),
  get('an unknown order number', () => '/v1/prompts?order_by=99', 400, 'REQUEST_REJECTED'),
  get('a page token that is none', () => '/v1/prompts?page_token=garbage', 400, 'PAGE_TOKEN_INVALID', ['page_token']),
  get(
    'a page token of another list',
    ({ pageToken }) => `/v1/prompts?category=software&page_token=${pageToken}`,
    400,
    'PAGE_TOKEN_INVALID',
    ['page_token'],
  ),
  get('`me` without a token', () => '/v1/prompts?user_id=me', 401, 'TOKEN_MISSING'),
  get('a search for 201 characters', () => `/v1/prompts:search?query=${'a'.repeat(201)}`, 400, 'VALIDATION_FAILED', [
    'query',
  ]),
  get(
    'a search with a page token that is none',
    () => '/v1/prompts:search?query=a&page_token=x',
    400,
    'PAGE_TOKEN_INVALID',
    ['page_token'],
  ),
  get('a batch of none', () => '/v1/prompts:batchGet', 400, 'VALIDATION_FAILED', ['prompt_ids']),
  get('a batch of 101', () => `/v1/prompts:batchGet?${`prompt_ids=${OTHER}&`.repeat(101)}`, 400, 'VALIDATION_FAILED', [
    'prompt_ids',
  ]),
  get('nothing of that id', () => `/v1/prompts/${OTHER}`, 404, 'RESOURCE_NOT_FOUND'),
  get('version 0', versionOf('0'), 400, 'VALIDATION_FAILED', ['version']),
  get('version 1, spelt otherwise', versionOf('01'), 400, 'REQUEST_REJECTED'),
  get('version one', versionOf('one'), 400, 'REQUEST_REJECTED'),
  get('a version beyond int32', versionOf('2147483648'), 400, 'REQUEST_REJECTED'),
  get('a version after the head', versionOf('2'), 404, 'RESOURCE_NOT_FOUND'),
  get('a version of nothing', () => `/v1/prompts/${OTHER}/versions/1`, 404, 'RESOURCE_NOT_FOUND'),
  get('a known hash that is none', versionOf('1?known_hash=ABC'), 400, 'VALIDATION_FAILED', ['known_hash']),
  get('versions of nothing', () => `/v1/prompts/${OTHER}/versions`, 404, 'RESOURCE_NOT_FOUND'),
  get('versions of an id that is no UUID', () => '/v1/prompts/first/versions', 400, 'VALIDATION_FAILED', ['prompt_id']),
  get('a negative number of versions', versionOf('?page_size=-1'), 400, 'VALIDATION_FAILED', ['page_size']),
  get(
    'versions by a page token of prompts',
    (scene) => versionOf(`?page_token=${scene.pageToken}`)(scene),
    400,
    'PAGE_TOKEN_INVALID',
    ['page_token'],
  ),
  get('versions in an unknown view', versionOf('?view=NICE'), 400, 'REQUEST_REJECTED'),
  get('nobody of that id', () => `/v1/users/${OTHER}`, 404, 'RESOURCE_NOT_FOUND'),
  get('a slash in an id', () => '/v1/prompts/a%2Fb', 400, 'REQUEST_REJECTED'),

  unauthenticated('none'),
  unauthenticated('none, but identity headers', {
    'x-pf-user-id': OTHER,
    'x-pf-role': 'ADMIN',
    'x-forwarded-client-cert': 'By=x',
  }),
  ...badToken('malformed', ({ tokens }) => tokens.malformed),
  ...badToken('expired', ({ tokens }) => tokens.expired),
  ...badToken('signed with a foreign key', ({ tokens }) => tokens.foreignKey),
  ...badToken('alg:none', ({ tokens }) => tokens.algNone),
  ...badToken('for another audience', ({ tokens }) => tokens.wrongAudience),
  ...badToken('tampered with', ({ tokens }) => tokens.tampered),
  ...badToken('a refresh token', ({ ann }) => ann.refreshToken),

  asBen('a private prompt', ({ prompts }) => `GET /v1/prompts/${prompts.private}`),
  asBen('a draft', ({ prompts }) => `GET /v1/prompts/${prompts.draft}`),
  asBen('an archived private prompt', ({ prompts }) => `GET /v1/prompts/${prompts.archivedPrivate}`),
  asBen('a deleted prompt', ({ prompts }) => `GET /v1/prompts/${prompts.deleted}`),
  asBen('the version of a private prompt', ({ prompts }) => `GET /v1/prompts/${prompts.private}/versions/1`),
  asBen('the versions of a draft', ({ prompts }) => `GET /v1/prompts/${prompts.draft}/versions`),
  asBen('the versions of a deleted prompt', ({ prompts }) => `GET /v1/prompts/${prompts.deleted}/versions`),
  asBen('statistics of a private prompt', ({ prompts }) => `GET /v1/analytics/prompts/${prompts.private}`),
  asBen('statistics of a draft', ({ prompts }) => `GET /v1/analytics/prompts/${prompts.draft}`),
  asBen('statistics of a user', ({ ann }) => `GET /v1/analytics/users/${ann.id}`),
  asBen('events of a user', ({ ann }) => `GET /v1/analytics/users/${ann.id}/events`),
  asBen('events of a public prompt', ({ prompts }) => `GET /v1/analytics/prompts/${prompts.public}/events`),
  asBen('a public prompt, to change', ({ prompts }) => `PATCH /v1/prompts/${prompts.public}`, { title: 'mine' }),
  asBen('a private prompt, to change', ({ prompts }) => `PATCH /v1/prompts/${prompts.private}`, { title: 'mine' }),
  asBen('a public prompt, to delete', ({ prompts }) => `DELETE /v1/prompts/${prompts.public}`),
  asBen('a profile, to change', ({ ann }) => `PATCH /v1/users/${ann.id}`, { bio: 'mine' }),

  register('a username of 2 letters', { username: 'ab' }, ['username']),
  register('a username of 51 letters', { username: 'a'.repeat(51) }, ['username']),
  register('a username with a blank', { username: 'a b c' }, ['username']),
  register('an address without @', { email: 'nobody' }, ['email']),
  register('an address of 101 characters', { email: `${'a'.repeat(52)}@${'b'.repeat(44)}.com` }, ['email']),
  register('a password of 7 bytes', { password: '1234567' }, ['password']),
  register('a password of 76 bytes in 19 emoji', { password: emoji(19) }, ['password']),
  register('a first name of 51 emoji', { firstName: emoji(51) }, ['first_name']),
  {
    name: 'register: a username that is taken, in other case',
    request: ({ ann }) => [
      'POST /v1/auth/register',
      { body: { username: ann.username.toUpperCase(), email: 'other@example.com', password: 'long enough' } },
    ],
    status: 409,
    reason: 'USERNAME_TAKEN',
  },
  {
    name: 'register: an address that is taken, in other case',
    request: ({ ann }) => [
      'POST /v1/auth/register',
      { body: { username: 'newcomer', email: ann.email.toUpperCase(), password: 'long enough' } },
    ],
    status: 409,
    reason: 'EMAIL_TAKEN',
  },
  {
    name: 'logout: neither a session nor all',
    request: ({ ann }) => ['POST /v1/auth/logout', { token: ann.token, body: {} }],
    status: 400,
    reason: 'VALIDATION_FAILED',
    fields: ['session'],
  },
  {
    name: 'refresh: a token that nobody issued',
    request: () => ['POST /v1/auth/refresh', { body: { refreshToken: 'a'.repeat(43) } }],
    status: 401,
    reason: 'REFRESH_TOKEN_INVALID',
  },
  get('a path that is not there', () => '/v1/nothing', 401, 'TOKEN_MISSING'),
  {
    name: 'a path that is not there, signed in',
    request: ({ ann }) => ['GET /v1/nothing', { token: ann.token }],
    status: 404,
    reason: 'PATH_UNKNOWN',
  },
  {
    name: 'a verb that a path does not have',
    request: ({ ann }) => ['PUT /v1/prompts', { token: ann.token, body: good }],
    status: 404,
    reason: 'PATH_UNKNOWN',
  },
]

function manyVariables() {
  return Array.from({ length: 8 }, (_, i) => ({ ...variable(`v${i}`), defaultValue: 'x'.repeat(5000) }))
}
