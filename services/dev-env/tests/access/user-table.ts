import { randomUUID } from 'node:crypto'
import { Policy_Scope as Scope } from '#contracts/gen/promptforge/access/v1/access.ts'
import type { ApiKeyServiceService } from '#contracts/gen/promptforge/auth/v1/api_key_service.ts'
import type { AuthServiceService } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import { type User, User_Role as Role } from '#contracts/gen/promptforge/user/v1/user.ts'
import type { UserInternalServiceService, UserServiceService } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import { type Cell, FIRST, type TableOf } from './row.ts'

/** Whose profile is asked for: the owner's own, or that of somebody whose account is closed. */
const profile = ({ scene: { people }, state }: Cell) => (state === 'deactivated' ? people.deactivated : people.owner)

const hasEmail = (user: User | undefined) => user?.email !== undefined
const anybodysEmail = ({ users }: { users: User[] }, cell: Cell) =>
  hasEmail(users.find(({ id }) => id === profile(cell).id))

const isOther = ({ users }: { users: User[] }, { scene: { people } }: Cell) =>
  users.some(({ id }) => id === people.user.id || id === people.owner.id)

// An address of e-mail is shown to its user and to administrators; an API key is nobody here.
const PROFILES = { active: 'oo+oo+o', deactivated: 'ooooooo' }

export const USERS: TableOf<typeof UserServiceService> = {
  getUser: {
    request: (cell) => ({ userId: profile(cell).id }),
    shows: ({ user }) => hasEmail(user),
    answers: { active: 'oo+oo+o', deactivated: '-------' },
  },
  batchGetUsers: {
    request: (cell) => ({ userIds: [profile(cell).id] }),
    shows: anybodysEmail,
    answers: PROFILES,
  },
  listUsers: [
    {
      request: (cell) => ({ ...FIRST, usernamePrefix: profile(cell).username }),
      shows: anybodysEmail,
      answers: PROFILES,
    },
    {
      when: 'by role',
      request: () => ({ ...FIRST, usernamePrefix: '', role: Role.ADMIN }),
      answers: 'txxxx+x',
    },
  ],
  updateUser: {
    request: (cell) => ({ userId: profile(cell).id, bio: 'I write prompts' }),
    answers: { active: 't-+--+x', deactivated: 't-----x' },
  },
  setUserRole: {
    request: (cell) => ({ userId: profile(cell).id, role: Role.USER }),
    answers: { active: 'txxxx+x', deactivated: 'txxxx-x' },
  },
  deactivateUser: {
    request: async (cell) => {
      if (!cell.isAnswered) return { userId: profile(cell).id }
      const { id, token } = await cell.scene.make.user()
      if (cell.caller === 'owner') cell.actAs(token)
      return { userId: id }
    },
    answers: { active: 't-+--+x', deactivated: 't-----x' },
  },
  followUser: [
    { request: ({ scene }) => ({ userId: scene.people.other.id }), answers: 't+++++x' },
    {
      when: 'oneself',
      request: () => ({ userId: 'me' }),
      answers: 'tSSSSSx',
      refusals: { S: ['INVALID_ARGUMENT', 'VALIDATION_FAILED'] },
    },
    { when: 'deactivated', request: ({ scene }) => ({ userId: scene.people.deactivated.id }), answers: 't-----x' },
  ],
  unfollowUser: [
    { request: ({ scene }) => ({ userId: scene.people.other.id }), answers: 't+++++x' },
    { when: 'deactivated', request: ({ scene }) => ({ userId: scene.people.deactivated.id }), answers: 't-----x' },
  ],
  listFollowers: {
    request: (cell) => ({ userId: profile(cell).id, ...FIRST }),
    shows: isOther,
    answers: { active: '+++++++', deactivated: '-------' },
  },
  listFollowing: {
    request: (cell) => ({
      userId: cell.state === 'active' ? cell.scene.people.user.id : cell.scene.people.deactivated.id,
      ...FIRST,
    }),
    shows: isOther,
    answers: { active: '+++++++', deactivated: '-------' },
  },
}

export const USER_INTERNALS: TableOf<typeof UserInternalServiceService> = {
  checkCaller: { services: 'every', request: () => ({}), answers: 't++++++' },
  listClosedAccounts: { services: 'every', request: () => ({}), answers: '+++++++' },
}

/** A person who is signed in, in turn; the person of `nobody` and of `key` is `other`. */
const oneself = ({ scene: { people }, caller }: Cell) =>
  caller === 'nobody' || caller === 'key' ? people.other : people[caller]

// Whoever signs up or in is nobody before, so a token makes no difference.
export const AUTH: TableOf<typeof AuthServiceService> = {
  register: {
    request: () => {
      const username = `u${randomUUID().slice(0, 12)}`
      const password = 'correct horse battery'
      return { username, email: `${username}@example.com`, password, firstName: '', lastName: '' }
    },
    answers: '+++++++',
  },
  login: {
    request: ({ scene: { people } }) => ({ login: people.other.username, password: people.other.password }),
    answers: '+++++++',
  },
  refreshToken: {
    request: async ({ scene }) => ({ refreshToken: await scene.make.session() }),
    answers: '+++++++',
  },
  exchangeApiKey: { request: ({ scene }) => ({ apiKey: scene.apiKey.key }), answers: '+++++++' },
  logout: {
    request: () => ({ session: { $case: 'refreshToken', value: 'ended-long-ago' } }),
    answers: 't+++++x',
  },
  changePassword: {
    request: (cell) => {
      const { password, refreshToken } = oneself(cell)
      return { presentPassword: password, newPassword: password, refreshToken }
    },
    answers: 't+++++x',
    oneByOne: true,
  },
  getJwks: { request: () => ({}), answers: '+++++++' },
}

// Keys are made and revoked by their user, who has signed in.
export const API_KEYS: TableOf<typeof ApiKeyServiceService> = {
  createApiKey: { request: () => ({ name: 'app', scopes: [Scope.PROMPTS_READ] }), answers: 't+++++x' },
  listApiKeys: {
    request: () => FIRST,
    shows: ({ apiKeys }, { scene }) => apiKeys.some(({ id }) => id === scene.apiKey.id),
    answers: 'to+ooox',
  },
  revokeApiKey: { request: ({ scene }) => ({ keyId: scene.revokedKey.id }), answers: 't-+---x' },
}
