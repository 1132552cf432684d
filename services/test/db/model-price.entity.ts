import { defineEntity, p } from '@mikro-orm/postgresql'

/** A price that tests were admitted at: millionths of a US dollar for a million tokens. */
export const ModelPrice = defineEntity({
  name: 'ModelPrice',
  tableName: 'model_prices',
  properties: {
    id: p.uuid().primary(),
    provider: p.string().length(50),
    model: p.string().length(50),
    validFrom: p.datetime(3),
    input: p.bigint(),
    cacheRead: p.bigint(),
    cacheWrite: p.bigint(),
    output: p.bigint(),
  },
  uniques: [{ properties: ['provider', 'model', 'validFrom'] }],
})
