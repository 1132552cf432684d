import { defineEntity, p } from '@mikro-orm/postgresql'
import type { ListingSample } from '#contracts/gen/promptforge/marketplace/v1/listing.ts'
import { TsVector } from '#chassis/search/tsvector-type.ts'

/**
 * An offer of licences. `price` is of a PERSONAL one. `reservedTx` is the transaction in which the only licence of an exclusive listing is being
 * paid. A listing that is not ACTIVE never changes again, but for its `salesCount`; one that is SOLD is REMOVED when its buyer gets the money back, and when
 * its seller is erased, `title`, `description` and `samples` become empty.
 * `ordinal` counts listings in the order of their creation.
 */
export const PromptListing = defineEntity({
  name: 'PromptListing',
  tableName: 'prompt_listings',
  properties: {
    id: p.uuid().primary(),
    promptId: p.uuid(),
    sellerId: p.uuid(),
    title: p.string().length(200),
    description: p.text().nullable(),
    price: p.decimal().precision(10).scale(2),
    status: p.enum(['ACTIVE', 'SOLD', 'REMOVED']).columnType('varchar(20)'),
    createdAt: p.datetime(3),
    updatedAt: p.datetime(3).nullable(),
    promptVersion: p.integer(),
    minVersion: p.integer(),
    includesUpdates: p.boolean(),
    category: p.string().length(50).nullable(),
    commercialPrice: p.decimal().precision(10).scale(2).nullable(),
    currency: p.string().columnType('char(3)'),
    exclusive: p.boolean(),
    durationDays: p.integer().nullable(),
    samples: p.json<ListingSample[]>().default('[]'),
    reservedTx: p.uuid().nullable(),
    salesCount: p.integer().default(0),
    revision: p.integer().default(1),
    search: p.type(TsVector).lazy(),
    ordinal: p.bigint().autoincrement().lazy(),
  },
})
