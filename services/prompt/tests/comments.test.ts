import { randomUUID } from 'node:crypto'
import { Metadata, status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { readOutbox } from '#chassis/testing/outbox.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { CreateCommentRequest, ListCommentsRequest } from '#contracts/gen/promptforge/prompt/v1/social_service.ts'
import { type Person, type PromptTest, startPromptService } from './harness.ts'

let service: PromptTest
let [ann, ben, cleo]: Person[] = []

beforeAll(async () => {
  service = await startPromptService()
  ;[ann, ben, cleo] = await Promise.all(['ann', 'ben', 'cleo'].map((name) => service.person(name)))
})
afterAll(() => service.stop())

const write = (promptId: string, person: Person | undefined, fields: Partial<CreateCommentRequest> = {}) =>
  service.social.createComment(
    CreateCommentRequest.fromPartial({ promptId, content: 'A comment', ...fields }),
    person?.as,
  )
const comment = async (promptId: string, person: Person, fields: Partial<CreateCommentRequest> = {}) =>
  (await write(promptId, person, fields)).comment!
const edit = (promptId: string, commentId: string, content: string, person: Person) =>
  service.social.updateComment({ promptId, commentId, content }, person.as)
const remove = (promptId: string, commentId: string, person: Person) =>
  service.social.deleteComment({ promptId, commentId }, person.as)
const list = async (promptId: string, parentId?: string) =>
  (await service.social.listComments(ListCommentsRequest.fromPartial({ promptId, parentId }))).comments
const countOf = async (promptId: string) => (await service.prompts.getPrompt({ promptId })).prompt!.commentsCount
const publicPrompt = async () => (await service.create(ann!, { title: 'Discussed', category: 'writing' })).id
const emitted = async (promptId: string) =>
  (await readOutbox(service.database, promptId)).filter(({ name }) => name === 'prompt.commented')
const NO_COMMENT = { code: status.NOT_FOUND, message: 'no such comment' }

describe('CreateComment', () => {
  test('counts a comment, and changes neither the revision of the prompt nor updated_at', async () => {
    const id = await publicPrompt()
    expect(await comment(id, ben!, { content: '  Works\nwell. ' })).toEqual({
      id: expect.any(String),
      userId: ben!.userId,
      username: 'ben',
      content: 'Works\nwell.',
      parentId: undefined,
      repliesCount: 0,
      deleted: false,
      createdAt: expect.any(Date),
      updatedAt: undefined,
    })
    const { prompt } = await service.prompts.getPrompt({ promptId: id })
    expect([prompt!.commentsCount, prompt!.etag, prompt!.updatedAt]).toEqual([1, '1', undefined])
  })

  test('emits one event for each comment and reply, without its content', async () => {
    const id = await publicPrompt()
    const first = await comment(id, ben!, { content: 'Hidden words' })
    const reply = await comment(id, cleo!, { parentId: first.id })
    const said = { prompt: { ownerId: ann!.userId, visible: true, title: 'Discussed', category: 'writing' } }
    const metadata = { aggregateId: id, aggregateRevision: '1' }
    expect((await emitted(id)).map(({ payload }) => payload)).toEqual([
      { metadata, ...said, actor: { userId: ben!.userId, username: 'ben' }, commentId: first.id },
      { metadata, ...said, actor: { userId: cleo!.userId, username: 'cleo' }, commentId: reply.id },
    ])
    expect(JSON.stringify(await emitted(id))).not.toContain('Hidden words')
  })

  test('takes 1 to 5,000 characters from a signed-in user', async () => {
    const id = await publicPrompt()
    for (const content of ['', ' \n ', '🍏'.repeat(5001)]) {
      expect(await rejection(write(id, ben, { content }))).toMatchObject({ violations: [{ field: 'content' }] })
    }
    expect((await comment(id, ben!, { content: '🍏'.repeat(5000) })).content).toHaveLength(10_000)
    expect(await rejection(write(id, undefined))).toMatchObject({ reason: 'TOKEN_MISSING' })
  })

  test('bears the present name of a user whose token has the former one', async () => {
    const dora = await service.person('dora')
    await service.database.query(`insert into authors (user_id, username, revision) values ($1, 'dorothea', 2)`, [
      dora.userId,
    ])
    const id = await publicPrompt()
    expect((await comment(id, dora)).username).toBe('dorothea')
    expect((await emitted(id))[0]!.payload).toMatchObject({ actor: { username: 'dorothea' } })
  })
})

describe('a reply', () => {
  test('is listed under its parent, which counts it', async () => {
    const id = await publicPrompt()
    const [parent, other] = [await comment(id, ben!), await comment(id, ben!)]
    const replies = [
      await comment(id, cleo!, { parentId: parent.id }),
      await comment(id, ann!, { parentId: parent.id }),
    ]
    expect(await list(id)).toEqual([other, { ...parent, repliesCount: 2 }])
    expect(await list(id, parent.id)).toEqual(replies.toReversed())
    expect([await list(id, other.id), await list(id, randomUUID())]).toEqual([[], []])
    expect(await countOf(id)).toBe(4)
  })

  test('has no replies', async () => {
    const id = await publicPrompt()
    const parent = await comment(id, ben!)
    const { id: parentId } = await comment(id, cleo!, { parentId: parent.id })
    expect(await rejection(write(id, ann, { parentId }))).toMatchObject({
      code: status.INVALID_ARGUMENT,
      violations: [{ field: 'parent_id', description: 'must be a comment that is no reply itself' }],
    })
    expect(await countOf(id)).toBe(2)
  })

  test('needs a comment on the same prompt that is not deleted', async () => {
    const [id, other] = [await publicPrompt(), await publicPrompt()]
    const [gone, place, elsewhere] = [await comment(id, ben!), await comment(id, ben!), await comment(other, ben!)]
    await comment(id, cleo!, { parentId: place.id })
    await remove(id, gone.id, ben!)
    await remove(id, place.id, ben!)
    const before = await emitted(id)
    for (const parentId of [gone.id, place.id, elsewhere.id, randomUUID()]) {
      expect(await rejection(write(id, cleo, { parentId }))).toMatchObject(NO_COMMENT)
    }
    expect([await countOf(id), await emitted(id)]).toEqual([1, before])
  })
})

describe('a request_id', () => {
  test('makes one comment of 16 identical calls at once, also as Idempotency-Key', async () => {
    const id = await publicPrompt()
    const requestId = randomUUID()
    const made = await Promise.all(Array.from({ length: 16 }, () => comment(id, ben!, { requestId })))
    const metadata = Metadata.fromHttp2Headers({ 'idempotency-key': requestId })
    made.push(await comment(id, { ...ben!, as: { ...ben!.as, metadata } }))
    expect(new Set(made.map((one) => one.id)).size).toBe(1)
    expect([await list(id), await countOf(id), (await emitted(id)).length]).toEqual([[made[0]], 1, 1])
  })

  test('answers with the comment as it is now, also when its parent is deleted since', async () => {
    const id = await publicPrompt()
    const parent = await comment(id, ben!)
    const fields = { requestId: randomUUID(), parentId: parent.id }
    const reply = await comment(id, cleo!, fields)
    await edit(id, reply.id, 'Edited', cleo!)
    await remove(id, parent.id, ben!)
    expect(await comment(id, cleo!, fields)).toMatchObject({ id: reply.id, content: 'Edited', parentId: parent.id })
    await remove(id, reply.id, cleo!)
    expect(await rejection(write(id, cleo, fields))).toMatchObject(NO_COMMENT)
  })

  test('of a refused request is not used up, and must not come with another request', async () => {
    const id = await publicPrompt()
    const requestId = randomUUID()
    const hidden = { promptId: id, requestId }
    await service.set(id, { is_public: false })
    expect(await rejection(write(id, ben, hidden))).toMatchObject({ code: status.NOT_FOUND })
    await service.set(id, { is_public: true })
    expect(await comment(id, ben!, hidden)).toMatchObject({ content: 'A comment' })
    expect(await rejection(write(id, ben, { requestId, content: 'Another' }))).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'REQUEST_ID_REUSED',
    })
  })
})

describe('UpdateComment', () => {
  test('edits the caller’s comment, says when, and keeps its place', async () => {
    const id = await publicPrompt()
    const [first, second] = [await comment(id, ben!), await comment(id, cleo!)]
    await comment(id, cleo!, { parentId: first.id })
    const { comment: edited } = await edit(id, first.id, ' Better ', ben!)
    expect(edited).toEqual({ ...first, content: 'Better', repliesCount: 1, updatedAt: expect.any(Date) })
    expect(await list(id)).toEqual([second, edited])
    expect((await edit(id, first.id, 'Better', ben!)).comment).toEqual(edited)
    expect((await emitted(id)).length).toBe(3)
  })

  test('is NOT_FOUND for what is not the caller’s, is deleted, or is on another prompt', async () => {
    const [id, other] = [await publicPrompt(), await publicPrompt()]
    const [foreign, place] = [await comment(id, cleo!), await comment(id, ben!)]
    await comment(id, cleo!, { parentId: place.id })
    await remove(id, place.id, ben!)
    for (const [promptId, commentId, person] of [
      [id, foreign.id, ben],
      [id, foreign.id, ann],
      [id, foreign.id, await service.person('mod', 'MODERATOR')],
      [id, place.id, ben],
      [other, foreign.id, cleo],
      [id, randomUUID(), ben],
    ] as const) {
      expect(await rejection(edit(promptId, commentId, 'Mine', person!))).toMatchObject(NO_COMMENT)
    }
    expect(await rejection(edit(id, foreign.id, '', cleo!))).toMatchObject({ violations: [{ field: 'content' }] })
  })
})

describe('DeleteComment', () => {
  test('takes a comment without replies out of the lists, once, and counts it down', async () => {
    const id = await publicPrompt()
    const [gone, kept] = [await comment(id, ben!), await comment(id, ben!)]
    expect(await remove(id, gone.id, ben!)).toEqual({})
    expect(await rejection(remove(id, gone.id, ben!))).toMatchObject(NO_COMMENT)
    expect([await list(id), await countOf(id)]).toEqual([[kept], 1])
  })

  test('leaves the place of a comment with replies, without author and content, until the last of them goes', async () => {
    const id = await publicPrompt()
    const parent = await comment(id, ben!, { content: 'Hidden words' })
    await edit(id, parent.id, 'Other hidden words', ben!)
    const replies = [
      await comment(id, cleo!, { parentId: parent.id }),
      await comment(id, ann!, { parentId: parent.id }),
    ]
    await remove(id, parent.id, ben!)
    const place = { ...parent, userId: '', username: '', content: '', deleted: true, repliesCount: 2 }
    expect([await list(id), await countOf(id)]).toEqual([[place], 2])
    const [row] = await service.database.query('select content from prompt_comments where id = $1', [parent.id])
    expect(row).toEqual({ content: '' })
    expect(await rejection(remove(id, parent.id, ben!))).toMatchObject(NO_COMMENT)
    await remove(id, replies[0]!.id, cleo!)
    expect([await list(id), await countOf(id)]).toEqual([[{ ...place, repliesCount: 1 }], 1])
    await remove(id, replies[1]!.id, ann!)
    expect([await list(id), await countOf(id)]).toEqual([[], 0])
  })

  test('is for the author, the owner of the prompt and those who are moderators now', async () => {
    const id = await publicPrompt()
    const [mod, demoted] = [await service.person('mod', 'MODERATOR'), await service.person('was', 'MODERATOR')]
    service.identity.setAccount(demoted.userId, 'USER')
    for (const person of [ben!, ann!, mod]) {
      const { id: commentId } = await comment(id, ben!)
      for (const stranger of [cleo!, demoted]) {
        expect(await rejection(remove(id, commentId, stranger))).toMatchObject(NO_COMMENT)
      }
      expect(await remove(id, commentId, person)).toEqual({})
    }
    expect(await countOf(id)).toBe(0)
  })

  test('lets a moderator delete comments on a private prompt, and nobody those on a deleted one', async () => {
    const mod = await service.person('mod', 'MODERATOR')
    const id = await publicPrompt()
    const [first, second] = [await comment(id, ben!), await comment(id, ben!)]
    await service.set(id, { is_public: false })
    expect(await remove(id, first.id, mod)).toEqual({})
    await service.prompts.deletePrompt({ promptId: id }, ann!.as)
    for (const person of [mod, ann!, ben!]) {
      expect(await rejection(remove(id, second.id, person))).toMatchObject(NO_COMMENT)
    }
  })

  test('takes the comment by the prompt that it is on', async () => {
    const [id, other] = [await publicPrompt(), await publicPrompt()]
    const { id: commentId } = await comment(id, ben!)
    expect(await rejection(remove(other, commentId, ben!))).toMatchObject(NO_COMMENT)
    expect(await countOf(id)).toBe(1)
  })
})
