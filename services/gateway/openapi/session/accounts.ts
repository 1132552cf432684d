import type { Step } from './step.ts'

const PASSWORD = 'correct horse battery'

/** Lena and Nora sign up. Mira, an administrator, is there before. */
export const ACCOUNTS: Step[] = [
  {
    call: 'register',
    body: { username: 'lena', email: 'lena@example.com', password: PASSWORD, firstName: 'Lena' },
    keep: { lena: 'tokens.accessToken', lenaId: 'user.id', lenaRefresh: 'tokens.refreshToken' },
  },
  {
    call: 'register',
    name: 'name-taken',
    body: { username: 'lena', email: 'lena.2@example.com', password: PASSWORD },
    status: 409,
  },
  {
    call: 'register',
    name: 'reader',
    body: { username: 'nora', email: 'nora@example.com', password: PASSWORD },
    keep: { nora: 'tokens.accessToken', noraId: 'user.id', noraRefresh: 'tokens.refreshToken' },
  },
  { call: 'login', body: { login: 'lena', password: PASSWORD }, keep: { loginRefresh: 'tokens.refreshToken' } },
  { call: 'login', name: 'wrong-password', body: { login: 'lena', password: 'not this one' }, status: 401 },
  { call: 'refreshToken', body: { refreshToken: '$lenaRefresh' }, keep: { nextRefresh: 'tokens.refreshToken' } },
  { call: 'getUser', as: 'lena', path: { user_id: 'me' } },
  { call: 'getUser', name: 'without-a-token', path: { user_id: 'me' }, status: 401 },
  { call: 'batchGetUsers', query: { user_ids: ['$lenaId', '$noraId'] } },
  { call: 'listUsers', query: { username_prefix: 'le' } },
  { call: 'updateUser', as: 'lena', path: { user_id: 'me' }, body: { bio: 'Writes prompts for release notes.' } },
  { call: 'followUser', as: 'nora', path: { user_id: '$lenaId' } },
  { call: 'listFollowers', path: { user_id: '$lenaId' } },
  { call: 'listFollowing', path: { user_id: '$noraId' } },
  {
    call: 'createApiKey',
    as: 'lena',
    body: { name: 'my app', scopes: ['PROMPTS_READ'] },
    keep: { apiKey: 'key', apiKeyId: 'apiKey.id' },
  },
  { call: 'exchangeApiKey', body: { apiKey: '$apiKey' }, keep: { app: 'accessToken' } },
  { call: 'listApiKeys', as: 'lena' },
  { call: 'getJwks' },
]

/** They leave. */
export const FAREWELLS: Step[] = [
  { call: 'unfollowUser', as: 'nora', path: { user_id: '$lenaId' } },
  { call: 'revokeApiKey', as: 'lena', path: { key_id: '$apiKeyId' } },
  { call: 'setUserRole', as: 'mira', path: { user_id: '$noraId' }, body: { role: 'MODERATOR' } },
  {
    call: 'changePassword',
    as: 'nora',
    body: { presentPassword: PASSWORD, newPassword: 'battery staple horse', refreshToken: '$noraRefresh' },
  },
  { call: 'logout', as: 'nora', body: { refreshToken: '$noraRefresh' } },
  { call: 'deactivateUser', as: 'nora', path: { user_id: 'me' } },
]
