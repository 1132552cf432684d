import { asBen, get, OTHER, type RestCase, type Scene } from './bad-input-cases.ts'

/** The table over REST, of accounts and who follows whom. */
export const ACCOUNT_CASES: RestCase[] = [
  get('the followers of nobody', () => `/v1/users/${OTHER}/followers`, 404, 'RESOURCE_NOT_FOUND'),
  get(
    'followers by a page token of prompts',
    ({ ann, pageToken }) => `/v1/users/${ann.id}/followers?page_token=${pageToken}`,
    400,
    'PAGE_TOKEN_INVALID',
    ['page_token'],
  ),
  get(
    'a negative number of followed users',
    ({ ann }) => `/v1/users/${ann.id}/following?page_size=-1`,
    400,
    'VALIDATION_FAILED',
    ['page_size'],
  ),
  get(
    'users by a prefix of 51 letters',
    () => `/v1/users?username_prefix=${'a'.repeat(51)}`,
    400,
    'VALIDATION_FAILED',
    ['username_prefix'],
  ),
  get('users by role, without a token', () => '/v1/users?role=ADMIN', 401, 'TOKEN_MISSING'),
  get('users of an unknown role', () => '/v1/users?role=KING', 400, 'REQUEST_REJECTED'),
  {
    name: 'read: users by status, as somebody who is no administrator',
    request: ({ ann }) => ['GET /v1/users?status=DEACTIVATED', { token: ann.token }],
    status: 403,
    reason: 'NOT_ALLOWED',
  },
  asBen('a profile, to close', ({ ann }) => `POST /v1/users/${ann.id}:deactivate`),
  asBen('a profile that is not there, to follow', () => `POST /v1/users/${OTHER}:follow`),
  ...['follow', 'unfollow'].map((verb): RestCase => ({
    name: `${verb}: oneself`,
    request: ({ ann }: Scene) => [`POST /v1/users/me:${verb}`, { token: ann.token }],
    status: 400,
    reason: 'VALIDATION_FAILED',
    fields: ['user_id'],
  })),
  {
    name: 'password: short, and nothing else',
    request: ({ ann }) => ['POST /v1/auth/password', { token: ann.token, body: { newPassword: 'short' } }],
    status: 400,
    reason: 'VALIDATION_FAILED',
    fields: ['new_password', 'present_password', 'refresh_token'],
  },
  {
    name: 'password: with a refresh token of somebody else',
    request: ({ ann, ben }) => [
      'POST /v1/auth/password',
      {
        token: ann.token,
        body: { presentPassword: ann.password, newPassword: 'long enough', refreshToken: ben.refreshToken },
      },
    ],
    status: 401,
    reason: 'REFRESH_TOKEN_INVALID',
  },
]
