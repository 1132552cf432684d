import { randomUUID } from 'node:crypto'
import type { Ledger } from './ledger.ts'
import type { Answer, Person, Send } from './send.ts'

/** Likes, rates, comments on or forks a prompt of somebody else, or follows its owner, or takes that back. */
export async function actOnOthers(send: Send, ledger: Ledger, person: Person): Promise<void> {
  const [promptId, prompt] = [...ledger.prompts][Math.floor(Math.random() * ledger.prompts.size)]!
  if (prompt.ownerId === person.id) return
  const { likes, follows, ratings, comments } = ledger.social
  const path = `/v1/prompts/${promptId}`
  const key = `${person.id} ${promptId}`
  const dice = Math.random()
  if (dice < 0.3) {
    const isLiked = Math.random() < 0.6
    note(likes, key, isLiked, await send('POST', `${path}:${isLiked ? 'like' : 'unlike'}`, person))
  } else if (dice < 0.5) {
    const rating = Math.ceil(Math.random() * 5)
    note(ratings, key, rating, await send('PUT', `${path}/ratings/me`, person, { rating }))
  } else if (dice < 0.75) {
    const { status, body } = await send('POST', `${path}/comments`, person, { content: 'As I see it, it works.' })
    if (status === 200) comments.add(body.comment.id)
  } else if (dice < 0.85) {
    await fork(send, ledger, person, path)
  } else {
    const isFollowed = Math.random() < 0.6
    const verb = isFollowed ? 'follow' : 'unfollow'
    note(
      follows,
      `${person.id} ${prompt.ownerId}`,
      isFollowed,
      await send('POST', `/v1/users/${prompt.ownerId}:${verb}`, person),
    )
  }
}

async function fork(send: Send, ledger: Ledger, person: Person, path: string) {
  const { status, body } = await send('POST', `${path}:fork`, person, { requestId: randomUUID() })
  if (status !== 200) return
  const { id, title } = body.prompt
  ledger.prompts.set(id, { ownerId: person.id, versions: new Map([[1, title]]), isDeleted: false })
}

/** A refusal leaves all as it was; without an answer nobody knows. */
function note<T>(map: Map<string, T | 'unsure'>, key: string, value: T, { status }: Answer) {
  if (status === 200) map.set(key, value)
  else if (status === 0 || status >= 500) map.set(key, 'unsure')
}
