import { get, OTHER, type RestCase, type Scene } from './bad-input-cases.ts'

const stats = (name: string, path: (scene: Scene) => string, code: number, fields?: string[]): RestCase => ({
  name: `statistics: ${name}`,
  request: (scene) => [`GET /v1/analytics/prompts/${path(scene)}`],
  status: code,
  reason: code === 404 ? 'RESOURCE_NOT_FOUND' : 'VALIDATION_FAILED',
  ...(fields && { fields }),
})

const range = (start: string, end: string) => `start=${start}T00:00:00Z&end=${end}T00:00:00Z`

const audit = (name: string, query: string, reason: string, fields?: string[]): RestCase => ({
  name: `audit log: ${name}`,
  request: ({ ann }) => [`GET /v1/audit?${query}`, { token: ann.token }],
  status: 400,
  reason,
  ...(fields && { fields }),
})

/** Requests for statistics, and for the audit log. */
export const STATS_CASES: RestCase[] = [
  stats('a prompt that is no UUID', () => 'first', 400, ['prompt_id']),
  stats('an end before the start', ({ prompts }) => `${prompts.public}?${range('2026-02-01', '2026-01-01')}`, 400, [
    '',
  ]),
  stats('a start to come, without an end', ({ prompts }) => `${prompts.public}?start=2099-01-01T00:00:00Z`, 400, ['']),
  stats('more than 366 days', ({ prompts }) => `${prompts.public}?${range('2025-01-01', '2026-06-01')}`, 400, ['']),
  stats(
    'more than 14 days of hours',
    ({ prompts }) => `${prompts.public}?granularity=HOUR&${range('2026-01-01', '2026-02-01')}`,
    400,
    [''],
  ),
  stats('another century', ({ prompts }) => `${prompts.public}?end=1999-12-31T00:00:00Z`, 400, ['end']),
  stats('no such prompt', () => OTHER, 404),
  stats('a private prompt', ({ prompts }) => prompts.private, 404),
  stats('a deleted prompt', ({ prompts }) => prompts.deleted, 404),
  get(
    'a time in words',
    ({ prompts }) => `/v1/analytics/prompts/${prompts.public}?start=yesterday`,
    400,
    'REQUEST_REJECTED',
  ),
  get(
    'an unknown granularity',
    ({ prompts }) => `/v1/analytics/prompts/${prompts.public}?granularity=WEEK`,
    400,
    'REQUEST_REJECTED',
  ),
  audit('an action that there is not', 'action=SMILED', 'REQUEST_REJECTED'),
  audit('an actor who is no UUID', 'actor_id=admin', 'VALIDATION_FAILED', ['actor_id']),
  audit('a target that is no UUID', 'target_id=me', 'VALIDATION_FAILED', ['target_id']),
  audit('an end before the start', range('2026-02-01', '2026-01-01'), 'VALIDATION_FAILED', ['']),
  audit('a page token that is none', 'page_token=garbage', 'PAGE_TOKEN_INVALID', ['page_token']),
  { name: 'audit log: without a token', request: () => ['GET /v1/audit', {}], status: 401, reason: 'TOKEN_MISSING' },
  get('what trends in an unknown window', () => '/v1/analytics/trending?window=YEAR', 400, 'REQUEST_REJECTED'),
  get('statistics of the platform, of whom', () => '/v1/analytics/stats?prompt_id=x', 400, 'REQUEST_REJECTED'),
]
