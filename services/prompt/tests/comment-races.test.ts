import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { ListCommentsRequest } from '#contracts/gen/promptforge/prompt/v1/social_service.ts'
import { type Person, type PromptTest, startPromptService } from './harness.ts'

let service: PromptTest
let [ann, ben]: Person[] = []

beforeAll(async () => {
  service = await startPromptService()
  ;[ann, ben] = await Promise.all(['ann', 'ben'].map((name) => service.person(name)))
})
afterAll(() => service.stop())

/** Begins both while the prompt is locked, the second when the first waits for the lock. */
async function inTurn<First, Second>(promptId: string, begin: [() => Promise<First>, () => Promise<Second>]) {
  const begun: Promise<unknown>[] = []
  await service.whilePromptLocked(promptId, async (waiters) => {
    for (const one of begin) {
      begun.push(one())
      await waiters(begun.length)
    }
  })
  return begun as [Promise<First>, Promise<Second>]
}
const publicPrompt = async () => (await service.create(ann!)).id
const comment = async (promptId: string, person: Person, parentId?: string) =>
  (await service.social.createComment({ promptId, content: 'C', parentId }, person.as)).comment!.id
const remove = (promptId: string, commentId: string, person: Person) =>
  service.social.deleteComment({ promptId, commentId }, person.as)
const list = async (promptId: string, parentId?: string) =>
  (await service.social.listComments(ListCommentsRequest.fromPartial({ promptId, parentId, pageSize: 100 }))).comments

/** The count of the prompt, and the comments that its lists show as existing. */
async function counts(promptId: string) {
  const { prompt } = await service.prompts.getPrompt({ promptId })
  const comments = await list(promptId)
  const replies = await Promise.all(comments.map(({ id }) => list(promptId, id)))
  expect(comments.map(({ repliesCount }) => repliesCount)).toEqual(replies.map(({ length }) => length))
  // A place without replies would never go.
  expect(comments.filter(({ deleted, repliesCount }) => deleted && repliesCount === 0)).toEqual([])
  const shown = [...comments, ...replies.flat()].filter(({ deleted }) => !deleted)
  return { counted: prompt!.commentsCount, shown: shown.length }
}

test('the count is the number of comments after a hundred of them come and go at once', async () => {
  const id = await publicPrompt()
  const people = await Promise.all(Array.from({ length: 10 }, (_, i) => service.person(`talker${i}`)))
  const parents = await Promise.all(people.slice(0, 5).map((person) => comment(id, person)))
  const made = await Promise.all(people.map((person, i) => comment(id, person, parents[i % 5])))
  const calls = Array.from({ length: 100 }, (_, i) => {
    const person = people[i % 10]!
    const parent = parents[(i * 3) % 5]!
    if (i % 4 === 0) return comment(id, person)
    if (i % 4 === 1) return comment(id, person, parent)
    return i % 4 === 2 ? remove(id, made[(i * 7) % 10]!, ann!) : remove(id, parent, ann!)
  })
  const outcomes = await Promise.allSettled(calls)
  // Nothing but a comment that is already deleted stands in the way of any of them.
  const refused = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [rejection(Promise.reject(outcome.reason))] : [],
  )
  expect(new Set((await Promise.all(refused)).map(({ message }) => message))).toEqual(new Set(['no such comment']))
  const { counted, shown } = await counts(id)
  expect(counted).toBe(shown)
  expect(counted).toBeGreaterThanOrEqual(25)
})

test('a reply that waits for the deletion of its parent is refused, and so uses nothing up', async () => {
  const id = await publicPrompt()
  const parent = await comment(id, ann!)
  // The lock holds the deletion back at its end, when it has the parent.
  const [deletion, reply] = await inTurn(id, [() => remove(id, parent, ann!), () => comment(id, ben!, parent)])
  const [deleted, refused] = await Promise.all([deletion, rejection(reply)])
  expect(deleted).toEqual({})
  expect(refused).toMatchObject({ message: 'no such comment' })
  expect([await list(id), await counts(id)]).toEqual([[], { counted: 0, shown: 0 }])
})

test('a deletion that waits for a reply finds it, and leaves the place of the parent', async () => {
  const id = await publicPrompt()
  const parent = await comment(id, ann!)
  await Promise.all(await inTurn(id, [() => comment(id, ben!, parent), () => remove(id, parent, ann!)]))
  expect(await list(id)).toMatchObject([{ id: parent, deleted: true, repliesCount: 1 }])
  expect(await counts(id)).toEqual({ counted: 1, shown: 1 })
})

test('the last two replies of a deleted comment, deleted at once, take its place with them', async () => {
  const id = await publicPrompt()
  const parent = await comment(id, ann!)
  const replies = [await comment(id, ben!, parent), await comment(id, ben!, parent)]
  await remove(id, parent, ann!)
  await Promise.all(replies.map((reply) => remove(id, reply, ben!)))
  expect(await service.database.query('select from prompt_comments where prompt_id = $1', [id])).toEqual([])
  expect(await counts(id)).toEqual({ counted: 0, shown: 0 })
})
