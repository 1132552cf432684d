import { type Searched, searchVector } from '#chassis/search/vector.ts'
import type { Maker } from './made.ts'

const BATCH = 5000

type Row = Searched & { n: number }

/** Makes `vectors (n, search)` of the rows of a temporary table (`n`, `title`, `tags`, `description`), as the service makes them. */
export async function makeVectors({ run }: Maker, from: string): Promise<void> {
  await run('create temp table vectors (n integer primary key, search tsvector)')
  for (let after = 0; ;) {
    const rows = await run<Row>(
      `select n, title, tags, description from ${from} where n > ${after} order by n limit ${BATCH}`,
    )
    if (rows.length === 0) break
    await run('insert into vectors select n, v::tsvector from unnest($1::integer[], $2::text[]) t (n, v)', [
      rows.map(({ n }) => n),
      rows.map(searchVector),
    ])
    after = rows.at(-1)!.n
  }
  await run('analyze vectors')
}
