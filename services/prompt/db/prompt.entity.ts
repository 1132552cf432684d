import { defineEntity, p } from '@mikro-orm/postgresql'
import { TsVector } from '#chassis/search/tsvector-type.ts'

/**
 * A prompt at its head version. `ratingAvg` is computed by the database; `search` by the service, for the revision `searchRevision`.
 * `ordinal` counts prompts in the order of their creation.
 */
export const Prompt = defineEntity({
  name: 'Prompt',
  tableName: 'prompts',
  properties: {
    id: p.uuid().primary(),
    title: p.string().length(200),
    content: p.text(),
    description: p.text().nullable(),
    category: p.string().length(50).nullable(),
    userId: p.uuid(),
    isPublic: p.boolean().nullable().default(true),
    version: p.integer().nullable().default(1),
    likesCount: p.integer().nullable().default(0),
    commentsCount: p.integer().nullable().default(0),
    ratingAvg: p
      .decimal()
      .precision(3)
      .scale(2)
      .nullable()
      .generated('(case when ratings_count > 0 then round(ratings_sum::numeric / ratings_count, 2) end) stored'),
    createdAt: p.datetime(3),
    updatedAt: p.datetime(3).nullable(),
    username: p.string().length(50),
    tags: p.array().default([]),
    variables: p.json<unknown[]>().default([]),
    model: p.string().length(100).nullable(),
    status: p.enum(['DRAFT', 'PUBLISHED', 'ARCHIVED']).columnType('varchar(20)').default('PUBLISHED'),
    publicFromVersion: p.integer().default(1),
    ratingsCount: p.integer().default(0),
    ratingsSum: p.integer().default(0),
    forksCount: p.integer().default(0),
    forkedFromId: p.uuid().nullable(),
    forkedFromVersion: p.integer().nullable(),
    forkedPrivate: p.boolean().default(false),
    revision: p.integer().default(1),
    deletedAt: p.datetime(3).nullable(),
    search: p.type(TsVector).lazy(),
    searchRevision: p.integer().default(0),
    ordinal: p.bigint().nullable().lazy(),
  },
})
