import { describe, expect, test } from '@jest/globals'
import { consumedBy, type EventDefinition, EVENTS } from '#contracts/events.ts'
import { PromptInternalServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_internal_service.ts'
import { PromptServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { SocialServiceService } from '#contracts/gen/promptforge/prompt/v1/social_service.ts'
import { UserServiceService } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import type { MongoConfig } from '../config.ts'
import type { MongoDatabase } from '../db/mongo.ts'
import type { ChassisTable, Database } from '../db/orm.ts'
import { postgres } from '../db/postgres.ts'
import { nullable, text, uuid } from '../db/params.ts'
import { type Sql, statement } from '../db/statements.ts'
import type { Emit } from '../db/transaction.ts'
import type { ServiceDefinition } from '../define-service.ts'
import { emission } from '../events/outbox.ts'
import { assertAllHandled, batchSubscription, subscription } from '../events/subscription.ts'
import type { Call, PlainCall, PublicCall } from '../grpc/call.ts'
import { serve, type Served } from '../grpc/server.ts'
import { startTestService } from '../testing/service.ts'
import { bareSchema, bareService, contractOf, startBare, Users } from './harness.ts'

// What can be forgotten. Where a line has @ts-expect-error, the mistake below it does not compile: `npm run check` fails when it does.

const answer = async () => ({})

const { likePrompt, unlikePrompt, ...otherSocial } = SocialServiceService
const Likes = { likePrompt, unlikePrompt }
const Access = (({ checkAccess }) => ({ checkAccess }))(PromptInternalServiceService)

describe('a table of handlers', () => {
  test('does not compile with one missing, one misspelt, or one that asks for a user whom nobody demands', () => {
    // @ts-expect-error unlikePrompt is missing
    serve(Likes, { likePrompt: async () => ({ likesCount: 1 }) })
    const likes = async () => ({ likesCount: 1 })
    // @ts-expect-error likesPrompt is no RPC
    serve(Likes, { likePrompt: likes, unlikePrompt: likes, likesPrompt: likes })
    const forUsers = async (_: unknown, { caller }: Call) => ({ user: undefined, caller: caller.userId })
    const [getUser, batchGetUsers] = [answer, async () => ({ users: [] })]
    serve(Users, { getUser, batchGetUsers, updateUser: forUsers })
    // @ts-expect-error anyone may call GetUser
    serve(Users, { getUser: forUsers, batchGetUsers, updateUser: answer })
    // @ts-expect-error CheckAccess may come without a user
    serve(Access, { checkAccess: async (_: unknown, { caller }: Call) => caller as never })
  })

  test('does not compile where it uses sql in a service on MongoDB', () => {
    const plain = serve(Access, {
      checkAccess: async (_: unknown, { origin }: PlainCall) =>
        ({ ownerId: origin.requestId, headVersion: 1 }) as never,
    })
    const withSql = serve(Access, {
      checkAccess: async (_: unknown, { sql }: PublicCall) => ({ ownerId: String(sql), headVersion: 1 }) as never,
    })
    type OnMongo = ServiceDefinition<MongoConfig, object, MongoDatabase>['services']
    const services: OnMongo = () => [plain]
    // @ts-expect-error MongoDB has no sql
    const wrong: OnMongo = () => [withSql]
    expect([services({}), wrong({})]).toHaveLength(2)
  })

  test('that leaves out an RPC of its package does not start', async () => {
    const contract = (await import('#contracts/contract.ts')).loadContract()
    const social = serve(Likes, {
      likePrompt: async () => ({ likesCount: 1 }),
      unlikePrompt: async () => ({ likesCount: 1 }),
    })
    const others = [PromptInternalServiceService, PromptServiceService, otherSocial].flatMap((rpcs) =>
      Object.values(rpcs).map(({ path }) => path),
    )
    await expect(startBare([social], { overrides: { contract } })).rejects.toThrow(
      `no handler serves ${others.join(', ')}: add a handler for each, and its proto service to rpc/index.ts`,
    )
    expect(Object.values(UserServiceService).length).toBeGreaterThan(Object.values(Users).length)
  })
})

test('a service whose database lacks what it stores does not start', async () => {
  const startWith = (tables: ChassisTable[], services: Served<Database>[]) =>
    startTestService(
      { ...bareService(services), store: postgres({ ...bareSchema, tables }) },
      { overrides: { contract: contractOf(services) } },
    )
  await expect(startWith(['idempotency_keys'], [])).rejects.toThrow(
    "prompt emits prompt.created and has no outbox: add 'outbox' to the tables of its db/schema.ts, and a migration that creates it",
  )
  const { createPrompt } = PromptServiceService
  const creating = serve({ createPrompt }, { createPrompt: async () => ({ warnings: [] }) })
  await expect(startWith(['outbox'], [creating])).rejects.toThrow(
    'prompt serves /promptforge.prompt.v1.PromptService/CreatePrompt and stores no idempotency keys: ' +
      "add 'idempotency_keys' to the tables of its db/schema.ts, and a migration that creates it",
  )
})

describe('a statement', () => {
  const found = statement('find', { id: uuid, name: nullable(text) })<{ id: string }>(
    (p) => `select id from things where id = ${p.id} and name = ${p.name}`,
  )

  test('numbers its parameters with their types, once', () => {
    expect(found).toEqual({
      name: 'find',
      text: 'select id from things where id = $1::uuid and name = $2::text',
      paramNames: ['id', 'name'],
    })
  })

  test('does not compile with a parameter missing, misspelt, or of another type', () => {
    const run = async (sql: Sql) => {
      await sql(found, { id: 'x', name: null })
      // @ts-expect-error name is missing
      await sql(found, { id: 'x' })
      // @ts-expect-error nane is no parameter
      await sql(found, { id: 'x', name: null, nane: 'y' })
      // @ts-expect-error a name is text
      await sql(found, { id: 'x', name: 7 })
      const [row] = await sql(found, { id: 'x', name: null })
      // @ts-expect-error the rows have no name
      return row!.name
    }
    // @ts-expect-error nane is no parameter
    statement('misspelt', { name: text })((p) => `select ${p.name}, ${p.nane}`)
    expect(run).toBeInstanceOf(Function)
  })

  test('that does not use one of its parameters stops the process when it is loaded', () => {
    expect(() => statement('forgetful', { id: uuid, name: text })((p) => `select ${p.id}`)).toThrow(
      'the statement forgetful does not use name: use it, or remove the parameter',
    )
  })
})

describe('an event', () => {
  const metadata = { aggregateId: 'u.id', aggregateRevision: 'u.revision' }

  test('does not compile with a member missing or misspelt, in either lane', () => {
    emission(EVENTS.userRenamed, { metadata, username: 'u.name', previousUsername: 'p.name' })
    // @ts-expect-error previousUsername is missing
    emission(EVENTS.userRenamed, { metadata, username: 'u.name' })
    const emitted = (emit: Emit) => {
      const at = { aggregateId: '1', aggregateRevision: 2n }
      emit(EVENTS.userRenamed, { metadata: at, username: 'a', previousUsername: 'b' })
      // @ts-expect-error previousUsername is missing
      emit(EVENTS.userRenamed, { metadata: at, username: 'a' })
      // @ts-expect-error metadata is missing
      emit(EVENTS.userRenamed, { username: 'a', previousUsername: 'b' })
      // @ts-expect-error the revision is missing
      emit(EVENTS.userRenamed, { metadata: { aggregateId: '1' }, username: 'a', previousUsername: 'b' })
    }
    expect(emitted).toBeInstanceOf(Function)
  })

  test('does not compile in the catalogue without what it is about, or about what analytics has no table for', () => {
    const { about, ...unsaid } = EVENTS.promptLiked as EventDefinition
    // @ts-expect-error about is missing
    const wrong: EventDefinition[] = [unsaid]
    // @ts-expect-error comment is no topic
    wrong.push({ ...unsaid, about: 'comment' })
    expect([about, wrong.length]).toEqual(['prompt', 2])
  })

  test('that a service is given and does not handle stops it, and so does one that it is not given', () => {
    const others = { userFollowed: answer, userUnfollowed: answer, userErased: answer }
    const all = subscription('PF_USER', { batch: 1 }, { ...others, userRenamed: answer })
    const licences = subscription('PF_MARKETPLACE', { batch: 1 }, { licenseGranted: answer, licenseRevoked: answer })
    expect(() => assertAllHandled('prompt', [all, licences])).not.toThrow()
    expect(() => assertAllHandled('prompt', [subscription('PF_USER', { batch: 1 }, others), licences])).toThrow(
      'prompt does not handle the events that contracts/events.ts gives it: user.renamed of PF_USER has no handler. ' +
        'Fix its events/index.ts, or the catalogue',
    )
    const more = subscription('PF_USER', { batch: 1 }, { ...others, userRenamed: answer, userSignedIn: answer })
    expect(() => assertAllHandled('prompt', [more, licences])).toThrow(
      'user.signed_in of PF_USER is not an event that the catalogue gives it',
    )
    expect(() => assertAllHandled('prompt', [all, all, licences])).toThrow('PF_USER has two subscriptions')
    const elsewhere = subscription('PF_PROMPT', { batch: 1 }, { userRenamed: answer })
    expect(() => assertAllHandled('prompt', [elsewhere, licences])).toThrow('user.renamed of PF_USER has no handler')
    const ofContent = consumedBy('version', 'PF_PROMPT_CONTENT')
    const content = batchSubscription('PF_PROMPT_CONTENT', { batch: 1 }, ofContent, async () => [])
    const erased = subscription('PF_USER', { batch: 1 }, { userErased: answer })
    expect(() => assertAllHandled('version', [content, erased])).not.toThrow()
  })

  test('handler does not compile when it is misspelt, or for another message', () => {
    // @ts-expect-error userRename is no event
    expect(() => subscription('PF_USER', { batch: 1 }, { userRename: answer })).toThrow()
    const ofPrompts = async ({ payload }: { payload: { prompt: { ownerId: string } } }) => payload.prompt.ownerId
    // @ts-expect-error a UserRenamed has no prompt
    subscription('PF_USER', { batch: 1 }, { userRenamed: ofPrompts })
  })
})
