import { RATING } from '../../services/prompt/db/ranks.ts'
import { isListed } from '../../services/prompt/db/readable.ts'
import { makeFollows, makePrompts, type Maker, makeSales, makeSocial } from './made.ts'
import { makeVectors } from './vectors.ts'

/** Fills the database of the prompt service. */
export async function fillPrompt(maker: Maker, categories: readonly string[]): Promise<void> {
  const { run } = maker
  await makePrompts(maker, categories)
  await makeFollows(maker)
  await makeSales(maker)
  await makeSocial(maker)
  await run(`
    create temp table texts as
    select m.n, m.title, pg_temp.prose(m.n, 101, 1 + m.n % 3) as description,
      array(select distinct w.word from generate_series(1, 1 + m.n % 5) i join words w on w.n = pg_temp.pick(m.n * 10 + i, 102, 300, 2)) as tags
    from made m;
    alter table texts add primary key (n)`)
  await makeVectors(maker, 'texts')
  // One transaction: the service refreshes ranks only when it sees which are due, and here all are made at once.
  await run('begin')
  await run(INSERT_PROMPTS)
  for (const text of [...INSERT_REST, ...RANK]) await run(text)
  await run('commit')
}

const INSERT_PROMPTS = `
  insert into prompts (id, title, content, description, category, user_id, username, tags, variables, model, is_public, version, status,
    likes_count, comments_count, ratings_count, ratings_sum, revision, created_at, updated_at, search, search_revision)
  select m.id, m.title, pg_temp.prose(m.n, 103, pg_temp.size(m.n, 104)) || ' {{topic}}', t.description, m.category, m.user_id, m.username, t.tags,
    '[{"name":"topic","type":"TEXT","description":"What it is about","required":true}]', 'any', m.is_public, m.version, m.status,
    coalesce(l.count, 0), coalesce(c.count, 0), coalesce(r.count, 0), coalesce(r.sum, 0), m.version, pg_temp.at(m.ms),
    case when m.version > 1 then pg_temp.at(m.ms) + m.version * interval '1 hour' end, v.search, m.version
  from made m join texts t using (n) join vectors v using (n)
  left join (select prompt_n as n, count(*) from liked group by 1) l using (n)
  left join (select prompt_n as n, count(*) from said group by 1) c using (n)
  left join (select prompt_n as n, count(*), sum(pg_temp.pick(n, 105, 5, 0.5)) from rated group by 1) r using (n)
  order by m.n -- oldest first, for that is the order of their ordinals`

const INSERT_REST = [
  `insert into prompt_likes (id, prompt_id, user_id, created_at)
  select pg_temp.id(21, n, ms), prompt_id, user_id, pg_temp.at(ms) from liked order by ms`,
  `insert into prompt_ratings (id, prompt_id, user_id, username, rating, review, created_at)
  select pg_temp.id(22, n, ms), prompt_id, user_id, username, pg_temp.pick(n, 105, 5, 0.5), case when n % 2 = 0 then pg_temp.prose(n, 106, 2) end,
    pg_temp.at(ms)
  from rated order by ms`,
  `insert into prompt_comments (id, prompt_id, user_id, username, content, created_at)
  select pg_temp.id(23, n, ms), prompt_id, user_id, username, pg_temp.prose(n, 107, 1 + (n % 3)::integer), pg_temp.at(ms) from said order by ms`,
  `insert into follows (follower_id, following_id, revision, active)
  select follower_id, following_id, row_number() over (partition by follower_id order by ms), true from pairs`,
  `insert into authors (user_id, username, revision) select id, username, 1 from people`,
  `insert into entitlements (license_id, prompt_id, user_id, license_type, min_version, max_version, active, revision)
  select license_id, prompt_id, buyer_id, 'PERSONAL', 1, max_version, true, 1 from bought where is_paid order by ms`,
]

const RANK = [
  'delete from prompt_rank_due',
  `insert into prompt_rank (prompt_id, likes, rating, comments, category)
  select p.id, p.likes_count, ${RATING}, p.comments_count, p.category from prompts p where ${isListed('p')} order by p.id`,
  `update categories c set prompts_count = (select count(*) from prompt_rank r where r.category = c.name)`,
]
