import type { EntityManager } from '@mikro-orm/postgresql'
import { lockInTransaction } from '#chassis/db/advisory-locks.ts'
import type { Database } from '#chassis/db/orm.ts'
import type { Job } from '#chassis/jobs.ts'
import { isListed } from './readable.ts'

/** Milliseconds between two refreshes: by as much may orders by popularity, and the counts of categories, lag. */
const EVERY_MS = 5000

/** Prompts that are brought up to date in one transaction. */
const BATCH = 1000

/**
 * The rating that a list is ordered by is the mean of the prompt's ratings and ten ratings of 3: a few good ones do not
 * outrank many. The weights are constant, so a rating changes the rank of its own prompt only.
 */
export const RATING = '(10 * 3 + p.ratings_sum)::float8 / (10 + p.ratings_count)'

/**
 * Takes a batch of the prompts that a trigger noted as changed, and brings their ranks and the counts of their categories up
 * to date. Only listed prompts have a rank, and the category in it is the one in whose count they are contained.
 */
const REFRESH = `
  with due as (
    delete from prompt_rank_due where ctid = any (array(select ctid from prompt_rank_due limit ${BATCH}))
    returning prompt_id
  ),
  fresh as (
    select p.id, p.likes_count as likes, ${RATING} as rating, p.comments_count as comments, p.category,
      ${isListed('p')} as is_listed
    from prompts p
    where p.id in (select prompt_id from due)
  ),
  ranked as (
    insert into prompt_rank (prompt_id, likes, rating, comments, category)
    select id, likes, rating, comments, category from fresh where is_listed
    on conflict (prompt_id) do update set likes = excluded.likes, rating = excluded.rating, comments = excluded.comments,
      category = excluded.category
  ),
  unranked as (
    delete from prompt_rank r using fresh f where r.prompt_id = f.id and not f.is_listed
  ),
  moves as (
    select category, sum(step) as step
    from (
      select category, 1 as step from fresh where is_listed
      union all
      select r.category, -1 from prompt_rank r join fresh f on f.id = r.prompt_id
    ) each
    group by category
  ),
  counted as (
    update categories c set prompts_count = c.prompts_count + m.step
    from moves m
    where c.name = m.category and m.step <> 0
  )
  select count(*)::integer as taken from due`

/** Brings ranks and counts up to date. */
export async function refreshRanks({ fork }: Pick<Database, 'fork'>, signal?: AbortSignal): Promise<void> {
  let isMore = true
  while (isMore && !signal?.aborted) isMore = (await fork().transactional(refreshBatch)) === BATCH
}

/** `refreshRanks` every 5 seconds. */
export const rankJob = (database: Database): Job => ({
  name: 'refresh ranks',
  on: 'one replica',
  everyMs: EVERY_MS,
  run: (signal) => refreshRanks(database, signal),
})

// Two batches at once would count a prompt that is due in both twice. The lock is a statement of its own: the one after it then
// sees what the batch before has committed.
async function refreshBatch(em: EntityManager): Promise<number> {
  await lockInTransaction(em, 'ranks')
  const [batch] = await em.execute<{ taken: number }[]>(REFRESH)
  return batch!.taken
}
