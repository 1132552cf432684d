import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Outgoing } from '#chassis/grpc/client.ts'
import { readOutbox } from '#chassis/testing/outbox.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import type { Person } from './harness.ts'
import { CASES, startReadable } from './readability-table.ts'

let service: Awaited<ReturnType<typeof startReadable>>
let critic: Person

beforeAll(async () => {
  service = await startReadable()
  critic = await service.person('critic')
})
afterAll(() => service.stop())

/** The comment on each prompt. */
const commentOf = new Map<string, string>()

/** A prompt that somebody liked, rated and commented on while it was public. */
const arrange = (columns: Record<string, unknown>) =>
  service.arrange(columns, async (promptId) => {
    await service.social.likePrompt({ promptId }, critic.as)
    await service.social.ratePrompt({ promptId, rating: 4, review: 'Good' }, critic.as)
    const { comment } = await service.social.createComment({ promptId, content: 'Well said' }, critic.as)
    commentOf.set(promptId, comment!.id)
  })

const FIRST = { pageSize: 0, pageToken: '' }
const HIDDEN = { code: status.NOT_FOUND, message: 'no such prompt' }

/** Each list, and what is on its first page. */
const LISTS: [name: string, read: (promptId: string, caller: Outgoing) => Promise<unknown>, expected: object][] = [
  ['ListLikes', (promptId, caller) => service.social.listLikes({ promptId, ...FIRST }, caller), { likes: [{}] }],
  [
    'ListRatings',
    (promptId, caller) => service.social.listRatings({ promptId, ...FIRST }, caller),
    { ratings: [{ review: 'Good' }], summary: { count: 1, average: 4 } },
  ],
  [
    'ListComments',
    (promptId, caller) => service.social.listComments({ promptId, ...FIRST }, caller),
    { comments: [{ content: 'Well said' }] },
  ],
  [
    'ListComments of replies',
    (promptId, caller) =>
      service.social.listComments({ promptId, parentId: commentOf.get(promptId)!, ...FIRST }, caller),
    { comments: [] },
  ],
]

/** What a signed-in reader can do, in an order in which all of it succeeds. */
const CHANGES: [name: string, change: (promptId: string, caller: Outgoing) => Promise<unknown>][] = [
  ['LikePrompt', (promptId, caller) => service.social.likePrompt({ promptId }, caller)],
  ['UnlikePrompt', (promptId, caller) => service.social.unlikePrompt({ promptId }, caller)],
  ['RatePrompt', (promptId, caller) => service.social.ratePrompt({ promptId, rating: 1, review: '' }, caller)],
  ['DeleteRating', (promptId, caller) => service.social.deleteRating({ promptId }, caller)],
  ['CreateComment', (promptId, caller) => service.social.createComment({ promptId, content: 'Indeed' }, caller)],
  [
    'CreateComment, a reply',
    (promptId, caller) =>
      service.social.createComment({ promptId, content: 'Indeed', parentId: commentOf.get(promptId)! }, caller),
  ],
]
/** What the owner of a prompt cannot do. */
const FOR_OTHERS = ['RatePrompt', 'DeleteRating']

describe.each(CASES)('$state, to $reader: $sight', ({ columns, reader, sight }) => {
  const isShown = sight === 'all' || sight === 'no content'

  test('what people said of it is listed for those who see it, and for nobody else', async () => {
    const promptId = await arrange(columns)
    for (const [, read, expected] of LISTS) {
      const answer = read(promptId, service.callerOf(reader))
      if (isShown) expect(await answer).toMatchObject(expected)
      else expect(await rejection(answer)).toMatchObject(HIDDEN)
    }
  })

  // Whoever is not signed in can say nothing of any prompt.
  if (reader === 'nobody') return

  test('something is said of it by those who see it, and by nobody else', async () => {
    const promptId = await arrange(columns)
    const before = await readOutbox(service.database, promptId)
    for (const [name, change] of CHANGES) {
      const answer = change(promptId, service.callerOf(reader))
      if (!isShown) expect(await rejection(answer)).toMatchObject(HIDDEN)
      else if (reader !== 'owner' || !FOR_OTHERS.includes(name)) await answer
      else await rejection(answer)
    }
    if (!isShown) expect(await readOutbox(service.database, promptId)).toEqual(before)
  })

  test('its author edits and deletes a comment on it only while they see it', async () => {
    const person = service.people[reader]
    const which = { promptId: '', commentId: '' }
    which.promptId = await service.arrange(columns, async (promptId) => {
      const { comment } = await service.social.createComment({ promptId, content: 'Mine' }, person.as)
      Object.assign(which, { commentId: comment!.id })
    })
    const edited = service.social.updateComment({ ...which, content: 'Still mine' }, person.as)
    if (isShown) {
      expect((await edited).comment).toMatchObject({ content: 'Still mine' })
      expect(await service.social.deleteComment(which, person.as)).toEqual({})
    } else {
      expect(await rejection(edited)).toMatchObject(HIDDEN)
      const deleted = await rejection(service.social.deleteComment(which, person.as))
      expect(deleted).toMatchObject({ code: status.NOT_FOUND, message: 'no such comment' })
    }
  })
})
