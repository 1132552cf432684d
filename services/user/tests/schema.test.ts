import { randomUUID } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { describeSchema } from '#chassis/testing/schema.ts'
import { schema } from '../db/schema.ts'
import { BEYOND_SEED, SEED } from './expected-schema.ts'

const database = describeSchema(schema, { seed: SEED, beyond: BEYOND_SEED })

test('nobody follows themselves, or somebody twice', async () => {
  const [ann, bob] = [await insertUser('ann'), await insertUser('bob')]
  const follow = (follower: string, following: string) =>
    database().query(
      'insert into user_follows (id, follower_id, following_id, created_at) values ($1, $2, $3, now())',
      [randomUUID(), follower, following],
    )
  await follow(ann, bob)
  await expect(follow(ann, bob)).rejects.toMatchObject({ code: '23505' })
  await expect(follow(ann, ann)).rejects.toMatchObject({ code: '23514' })
  await expect(follow(ann, randomUUID())).rejects.toMatchObject({ code: '23503' })
  await expect(follow(randomUUID(), ann)).rejects.toMatchObject({ code: '23503' })
})

test('usernames and e-mail addresses are unique whatever their case', async () => {
  await insertUser('carl')
  await expect(insertUser('CARL', 'other@example.org')).rejects.toMatchObject({ code: '23505' })
  await expect(insertUser('other', 'CARL@example.org')).rejects.toMatchObject({ code: '23505' })
})

async function insertUser(username: string, email = `${username}@example.org`) {
  const id = randomUUID()
  const text = `insert into users (id, username, email, password, created_at) values ($1, $2, $3, 'x', now())`
  await database().query(text, [id, username, email])
  return id
}
