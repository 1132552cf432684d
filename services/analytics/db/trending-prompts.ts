import type { Database } from '#chassis/db/orm.ts'
import { bigint, integer, text, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { LAST_ID } from '#chassis/ids.ts'
import { type Cursor, MAX_ROWS } from '#chassis/page-token.ts'
import { HALF_LIVES, type Window, WINDOWS } from '../trending.ts'

/** Prompts that a window has at the most. */
const MOST = 1000

/** Half-lives since 1970, and those before now of a vote. */
const NOW = (hours: string) => halfLives('extract(epoch from now())', hours)
const AGE = (hours: string) => halfLives('greatest(extract(epoch from now() - v.voted_at), 0)', hours)
const halfLives = (seconds: string, hours: string) => `${seconds}::float8 * ${HALF_LIVES} / (${hours} * 3600)`

/**
 * Computes the ranks of a window of so many hours from its votes. A vote that claims to come from the future weighs as one of now.
 * A rank is the binary logarithm of what the score would have been in 1970, in millionths: all scores fall together as time passes, but a
 * rank stays until there is another vote, and with it the order in which one pages. Rows are written in the order of their keys, for two
 * replicas may do this at once.
 */
export const refresh = statement('refresh_trending', { window: text, hours: integer })(
  (p) => `with scored as materialized (
    select v.prompt_id, sum(v.weight * power(2::float8, -${AGE(p.hours)})) as score
    from prompt_votes v
    join prompt_facts f on f.prompt_id = v.prompt_id and f.visible and f.owner_id <> v.voter
    where v.day >= ((now() - ${p.hours} * interval '1 hour') at time zone 'UTC')::date
      and v.voted_at > now() - ${p.hours} * interval '1 hour'
    group by v.prompt_id
    order by score desc, v.prompt_id desc
    limit ${MOST}
  ),
  gone as (
    delete from trending_prompts t
    where t."window" = ${p.window} and not exists (select from scored s where s.prompt_id = t.prompt_id)
  )
  insert into trending_prompts ("window", prompt_id, rank)
  select ${p.window}, prompt_id, round((ln(score) / ln(2::float8) + ${NOW(p.hours)}) * 1e6)::bigint from scored order by prompt_id
  on conflict ("window", prompt_id) do update set rank = excluded.rank where trending_prompts.rank <> excluded.rank`,
)

/** Brings a window up to date. */
export const refreshTrending = ({ maintain }: Pick<Database, 'maintain'>, window: Window): Promise<unknown> =>
  maintain((sql) => sql(refresh, { window, hours: WINDOWS[window].hours }))

/** A prompt as it is listed; `username` is null while nothing is known of its author. */
export type TrendingRow = {
  prompt_id: string
  title: string | null
  category: string | null
  owner_id: string
  username: string | null
  rank: string
  /** As it is now. */
  score: number
}

/** A page of a window, highest score first. What is known of a prompt and its author now decides whether and how it is shown. */
export const listTrendingPrompts = statement('list_trending_prompts', {
  window: text,
  hours: integer,
  rank: bigint,
  id: uuid,
  limit: integer,
})<TrendingRow>(
  (p) => `select * from (
    select t.prompt_id, f.title, f.category, f.owner_id, u.username, t.rank,
      power(2::float8, t.rank / 1e6::float8 - ${NOW(p.hours)}) as score
    from trending_prompts t
    join prompt_facts f on f.prompt_id = t.prompt_id and f.visible
    left join user_facts u on u.user_id = f.owner_id
    where t."window" = ${p.window} and (t.rank, t.prompt_id) < (${p.rank}, ${p.id})
    order by t.rank desc, t.prompt_id desc
    limit ${MAX_ROWS}
  ) page limit ${p.limit}`,
)

/** The parameters of the page after `cursor`. */
export const pageParams = (window: Window, [rank, id]: Cursor = [HIGHEST_RANK, LAST_ID], limit: number) => ({
  window,
  hours: WINDOWS[window].hours,
  rank: String(rank),
  id: String(id),
  limit,
})

const HIGHEST_RANK = '9223372036854775807'

/** Where the page after this prompt begins. */
export const cursorOf = ({ rank, prompt_id: id }: TrendingRow): Cursor => [rank, id]
