import { onDatabase } from '../processes/on-database.ts'

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
    `insert into prompts (id, title, content, description, category, user_id, username, tags, variables, model, created_at)
    select uuidv7(made.age), 'Prompt ' || n, repeat('Summarise what follows on {{topic}} in five sentences. ', 18),
      'A prompt to measure with.', c.names[1 + n % cardinality(c.names)], o.ids[1 + n % cardinality(o.ids)],
      o.names[1 + n % cardinality(o.names)], array['summary', 'tag' || n % 100, 'text'],
      '[{"name":"topic","type":"TEXT","description":"What it is about","required":true}]', 'any', now() + made.age
    from generate_series(1, $1) n
    cross join lateral (select n * interval '-1 minute' as age) made
    cross join (select array_agg(name) as names from categories) c
    cross join (select $2::uuid[] as ids, $3::text[] as names) o`,
    count,
    owners.map(({ id }) => id),
    owners.map(({ username }) => username),
  )
  await onDatabase(url, 'vacuum analyze')
}
