import { defineEntity, p } from '@mikro-orm/postgresql'
import type { EventHeaders } from '#chassis/events/envelope.ts'
import { PromptListing } from './prompt-listing.entity.ts'

/**
 * A purchase. What the licence unlocks is as it was offered then: `minVersion`, `maxVersion` (null: all later ones), `durationDays` (null: for ever).
 * `feeBps` is in hundredths of a per cent. `nextCheckAt` is when the reconciler looks at it next, if it is not settled, and `checks` how often it has. `refundedBy` is who asked for the refund.
 * `cause` is what the request that began it passed on to what it caused, for whoever brings it to an end.
 */
export const Transaction = defineEntity({
  name: 'Transaction',
  tableName: 'transactions',
  properties: {
    id: p.uuid().primary(),
    listing: () => p.manyToOne(PromptListing),
    buyerId: p.uuid(),
    sellerId: p.uuid(),
    amount: p.decimal().precision(10).scale(2),
    status: p.enum(['PENDING', 'COMPLETED', 'FAILED']).columnType('varchar(20)'),
    paymentMethod: p.string().length(50).nullable(),
    createdAt: p.datetime(3),
    completedAt: p.datetime(3).nullable(),
    promptId: p.uuid(),
    licenseType: p.enum(['PERSONAL', 'COMMERCIAL']).columnType('varchar(20)'),
    minVersion: p.integer(),
    maxVersion: p.integer().nullable(),
    durationDays: p.integer().nullable(),
    currency: p.string().columnType('char(3)'),
    fee: p.decimal().precision(10).scale(2),
    feeBps: p.integer(),
    requestId: p.uuid(),
    provider: p.string().length(20),
    providerRef: p.string().length(255).nullable(),
    nextCheckAt: p.datetime(3).nullable(),
    checks: p.integer().default(0),
    failureReason: p.string().length(50).nullable(),
    releasedAt: p.datetime(3).nullable(),
    refundState: p.enum(['REQUESTED', 'DONE', 'FAILED']).columnType('varchar(20)').nullable(),
    refundRef: p.string().length(255).nullable(),
    refundReason: p.text().nullable(),
    refundRequestedAt: p.datetime(3).nullable(),
    refundedBy: p.uuid().nullable(),
    refundedAt: p.datetime(3).nullable(),
    disputeState: p.enum(['OPEN', 'WON', 'LOST']).columnType('varchar(20)').nullable(),
    revision: p.integer().default(1),
    cause: p.json<EventHeaders>().default('{}'),
  },
})
