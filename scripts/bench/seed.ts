import { MongoClient } from 'mongodb'
import { v7 } from 'uuid'
import { searchVector } from '#chassis/search/vector.ts'
import { toDocument } from '../../services/version/db/documents.ts'
import { contentHash, type Held } from '../../services/version/version.ts'
import { onDatabase } from '../processes/on-database.ts'

const DESCRIPTION = 'A prompt to measure with.'

/** A user of the bench. */
export type Person = { id: string; username: string }

/** Makes `count` users after the one that has registered, with that one's password, and answers with all. */
export async function fillUsers(url: string, count: number): Promise<Person[]> {
  await onDatabase(
    url,
    `insert into users (id, username, email, password, first_name, last_name, bio, created_at)
    select uuidv7(), 'bench' || n, 'bench' || n || '@bench.test', u.password, 'Bench', 'Number ' || n,
      'Measures how long things take.', now()
    from users u, generate_series(1, $1) n`,
    count,
  )
  await onDatabase(url, 'vacuum analyze')
  return onDatabase<Person>(url, `select id, username from users where username like 'bench%' order by random()`)
}

/** Makes `count` prompts of about a kilobyte: owners take turns, and so do categories. */
export async function fillPrompts(url: string, owners: Person[], count: number): Promise<void> {
  await onDatabase(
    url,
    `insert into prompts (id, title, content, description, category, user_id, username, tags, variables, model, created_at,
      search, search_revision)
    select uuidv7(made.age), 'Prompt ' || n, repeat('Summarise what follows on {{topic}} in five sentences. ', 18),
      $4, c.names[1 + n % cardinality(c.names)], o.ids[1 + n % cardinality(o.ids)],
      o.names[1 + n % cardinality(o.names)], array['summary', 'tag' || n % 100, 'text'],
      '[{"name":"topic","type":"TEXT","description":"What it is about","required":true}]', 'any', now() + made.age,
      replace(replace($5, 'title0', n::text), 'tag0', 'tag' || n % 100)::tsvector, 1
    from generate_series($1, 1, -1) n -- oldest first, for that is the order of their ordinals
    cross join lateral (select n * interval '-1 minute' as age) made
    cross join (select array_agg(name) as names from categories) c
    cross join (select $2::uuid[] as ids, $3::text[] as names) o`,
    count,
    owners.map(({ id }) => id),
    owners.map(({ username }) => username),
    DESCRIPTION,
    searchVector({ title: 'Prompt title0', tags: ['summary', 'tag0', 'text'], description: DESCRIPTION }),
  )
  await onDatabase(url, 'vacuum analyze')
}

/** How many people the bench's users follow, in turns. */
const FOLLOWING = [3, 30, 5000]

/** Makes each user follow people, as the prompt service knows it: some of the users, of whom each writes, and no more than 30 of these. */
export async function fillFollows(url: string, people: Person[]): Promise<void> {
  await onDatabase(
    url,
    `insert into follows (follower_id, following_id, revision, active)
    select o.ids[n], case when i <= 30 then o.ids[1 + (n + i) % cardinality(o.ids)] else uuidv7() end, 1, true
    from (select $1::uuid[] as ids, $2::integer[] as counts) o
    cross join generate_series(1, cardinality(o.ids)) n
    cross join generate_series(1, o.counts[1 + n % cardinality(o.counts)]) i`,
    people.map(({ id }) => id),
    FOLLOWING,
  )
  await onDatabase(url, 'vacuum analyze follows')
}

/** Stores the first version of some prompts, as the version service would have, and the label `production` of each on it. */
export async function fillVersions(promptUrl: string, mongoUrl: string, promptIds: string[]): Promise<void> {
  const prompts = await onDatabase<FilledPrompt>(
    promptUrl,
    `select id, title, content, description, category, variables, model, user_id, username, created_at
    from prompts where id = any ($1::uuid[])`,
    promptIds,
  )
  const client = await MongoClient.connect(mongoUrl)
  try {
    const versions = prompts.map(toFirstVersion)
    await client.db().collection('prompt_versions').insertMany(versions)
    await client.db().collection('label_changes').insertMany(versions.map(toLabelChange))
  } finally {
    await client.close()
  }
}

const toLabelChange = ({ promptId, version, userId, createdAt }: ReturnType<typeof toFirstVersion>) => ({
  promptId,
  label: 'production',
  seq: 1,
  version,
  from: null,
  userId,
  createdAt,
})

type FilledPrompt = Omit<Held, 'variables'> & {
  id: string
  variables: unknown[]
  user_id: string
  username: string
  created_at: Date
}

function toFirstVersion({ id, user_id: userId, username, created_at: createdAt, ...held }: FilledPrompt) {
  const ids = { versionId: v7({ msecs: createdAt.getTime() }), promptId: id, userId }
  const about = {
    version: 1,
    contentHash: contentHash(held),
    username,
    changes: '',
    createdAt,
    visible: true,
    headers: {},
  }
  return toDocument({ ...held, ...ids, ...about })
}
