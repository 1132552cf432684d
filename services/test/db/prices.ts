import { bigint, text, timestamptz, uuid } from '#chassis/db/params.ts'
import { type Sql, statement } from '#chassis/db/statements.ts'
import type { DatedPrice, Model } from '../models.ts'

const insertPrice = statement('insert_price', {
  id: uuid,
  provider: text,
  model: text,
  validFrom: timestamptz,
  input: bigint,
  cacheRead: bigint,
  cacheWrite: bigint,
  output: bigint,
})<{ is_same: boolean }>(
  (p) => `with made as (
    insert into model_prices (id, provider, model, valid_from, input, cache_read, cache_write, output)
    values (${p.id}, ${p.provider}, ${p.model}, ${p.validFrom}, ${p.input}, ${p.cacheRead}, ${p.cacheWrite}, ${p.output})
    on conflict do nothing returning 1
  )
  select true as is_same from made
  union all
  select (input, cache_read, cache_write, output) = (${p.input}, ${p.cacheRead}, ${p.cacheWrite}, ${p.output})
  from model_prices where id = ${p.id}`,
)

/** Sees to it that a price is in the database, before a test names it. */
export type StorePrice = (model: Model, price: DatedPrice) => Promise<void>

/** Stores each price once in the life of the process. Throws when another price was stored for the same time. */
export function createStorePrice(sql: Sql): StorePrice {
  const stored = new Map<string, Promise<void>>()
  const store = async ({ provider, name }: Model, price: DatedPrice) => {
    const [row] = await sql(insertPrice, { provider, model: name, ...price })
    if (row && !row.is_same)
      throw new Error(
        `another price of ${provider} ${name} is stored for ${price.validFrom.toISOString()}: give a new price a new validFrom`,
      )
  }
  return (model, price) => {
    const known = stored.get(price.id)
    if (known) return known
    const storing = store(model, price)
    stored.set(price.id, storing)
    storing.catch(() => stored.delete(price.id))
    return storing
  }
}
