import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Outgoing } from '#chassis/grpc/client.ts'
import { isNotFound } from '#chassis/grpc/status.ts'
import { randomOf } from '#chassis/testing/random.ts'
import { recountCounters } from '../../deploy/recount/counters.ts'
import { openStores } from '../../deploy/recount/stores.ts'
import { type PromptTest, startPromptService } from '../../prompt/tests/harness.ts'
import { startUserService, type UserTest } from '../../user/tests/harness.ts'

const OPERATIONS = 10_000
const AT_ONCE = 32
const PEOPLE = 16

const seed = Date.now() % 1_000_000

let users: UserTest
let prompts: PromptTest

beforeAll(async () => {
  users = await startUserService()
  prompts = await startPromptService()
})
afterAll(async () => {
  await prompts.stop()
  await users.stop()
})

/** A user, with a prompt, and what makes a call to each of the services theirs. */
type Person = { id: string; promptId: string; toUsers: Outgoing; toPrompts: Outgoing }

async function makePerson(n: number): Promise<Person> {
  const { id, user, as } = await users.person(`person${n}`)
  const owner = { userId: id, username: user.username, role: 'USER' as const }
  const toPrompts = { token: await prompts.identity.tokenFor(owner) }
  const { id: promptId } = await prompts.create({ ...owner, as: toPrompts })
  return { id, promptId, toUsers: as, toPrompts }
}

/** A random operation of one on another, or on the prompt of another. */
function operationsOf(people: Person[], random: () => number): () => Promise<unknown> {
  const { social } = prompts
  const under = (count: number) => Math.floor(random() * count)
  const comments: { promptId: string; commentId: string; parentId: string | undefined; author: Person }[] = []

  const comment = async (author: Person, promptId: string) => {
    const parents = comments.filter((each) => each.promptId === promptId && each.parentId === undefined)
    const parentId = parents[under(2 * parents.length)]?.commentId
    const { comment: made } = await social.createComment({ promptId, content: 'C', parentId }, author.toPrompts)
    comments.push({ promptId, commentId: made!.id, parentId, author })
  }
  const uncomment = async () => {
    const [chosen] = comments.splice(under(comments.length), 1)
    if (!chosen) return
    const { promptId, commentId, author } = chosen
    await social.deleteComment({ promptId, commentId }, author.toPrompts)
  }

  return () => {
    const one = under(people.length)
    const { toUsers, toPrompts } = people[one]!
    const { id: userId, promptId } = people[(one + 1 + under(people.length - 1)) % people.length]!
    const dice = random()
    if (dice < 0.22) return social.likePrompt({ promptId }, toPrompts)
    if (dice < 0.38) return social.unlikePrompt({ promptId }, toPrompts)
    if (dice < 0.52) return social.ratePrompt({ promptId, rating: 1 + under(5), review: '' }, toPrompts)
    if (dice < 0.6) return social.deleteRating({ promptId }, toPrompts)
    if (dice < 0.7) return comment(people[one]!, promptId)
    if (dice < 0.77) return uncomment()
    if (dice < 0.79) return prompts.prompts.forkPrompt({ promptId }, toPrompts)
    if (dice < 0.91) return users.users.followUser({ userId }, toUsers)
    return users.users.unfollowUser({ userId }, toUsers)
  }
}

/** What another operation took back meanwhile is not there. */
function expectNotFound(error: unknown) {
  if (!isNotFound(error)) throw error
}

test(`counters equal a recount after ${OPERATIONS} random operations, ${AT_ONCE} at once (seed ${seed})`, async () => {
  const people = await Promise.all(Array.from({ length: PEOPLE }, (_, n) => makePerson(n)))
  const operate = operationsOf(people, randomOf(seed))
  let begun = 0
  const worker = async () => {
    while (begun < OPERATIONS) {
      begun += 1
      await operate().catch(expectNotFound)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))

  await using stores = openStores({ user: users.database.url, prompt: prompts.database.url })
  const findings = await recountCounters(stores)
  expect(findings.flatMap(({ wrong }) => wrong)).toEqual([])
  const [counted] = await prompts.database.query<Record<string, number>>(
    `select sum(likes_count)::integer as likes, sum(ratings_count)::integer as ratings,
      sum(comments_count)::integer as comments, sum(forks_count)::integer as forks from prompts`,
  )
  for (const sum of Object.values(counted!)) expect(sum).toBeGreaterThan(0)
})
