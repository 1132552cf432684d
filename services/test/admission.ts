import { claimValues, createOnce } from '#chassis/db/idempotency.ts'
import type { Sql } from '#chassis/db/statements.ts'
import { exhausted, notFound } from '#chassis/errors.ts'
import { eventValues } from '#chassis/events/outbox.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { newId } from '#chassis/ids.ts'
import { OWN_KEYS_LANE } from '#contracts/events.ts'
import { getTest } from './db/get-test.ts'
import { insertTest, MAX_UNFINISHED, NO_MONEY, NO_SEAT } from './db/insert-test.ts'
import { createStorePrice } from './db/prices.ts'
import type { TestRow } from './db/rows.ts'
import { countUnfinished } from './db/sweep.ts'
import type { DatedPrice, Model } from './models.ts'
import { boundOf } from './money.ts'
import { isRefusal } from './refusal.ts'

/** Tests of all users that have not ended, at most. */
const MAX_WAITING = 10_000

/** For how long a count of them is used, milliseconds. */
const COUNTED_MS = 1000

/** What is to be run. */
export type NewTest = {
  promptId: string
  version: number
  contentHash: string
  /** The text that the model gets. */
  text: string
  values: Record<string, string>
  model: Model
  modelName: string
  price: DatedPrice
  temperature: number | null
  maxTokens: number
  retryOf: string | null
  /** The caller's own key that the model is called with; null: the operator's. */
  keyId: string | null
}

/**
 * Admits a test of the caller, once for each `request_id`. Throws RESOURCE_EXHAUSTED when there is no room for another, or no money, and
 * what `createOnce` throws.
 */
export type Admission = (test: NewTest, call: Call) => Promise<TestRow>

export function createAdmission(sql: Sql, defaultLimit: bigint): Admission {
  const storePrice = createStorePrice(sql)
  const waiting = counted(async () => (await sql(countUnfinished, { max: MAX_WAITING }))[0]!.count)
  return async (test, call) => {
    const { caller, idempotencyKey, origin } = call
    if ((await waiting()) >= MAX_WAITING) throw full()
    await storePrice(test.model, test.price)
    const id = newId()
    const create = async () => {
      const [row] = await sql(insertTest, {
        id,
        promptId: test.promptId,
        userId: caller.userId,
        promptContent: test.text,
        provider: test.model.provider,
        model: test.modelName,
        temperature: test.temperature,
        maxTokens: test.maxTokens,
        version: test.version,
        contentHash: test.contentHash,
        variables: JSON.stringify(test.values),
        lane: test.keyId === null ? test.model.provider : OWN_KEYS_LANE,
        priceId: test.price.id,
        reserved: boundOf(test.price, test.text, test.maxTokens),
        defaultLimit,
        retryOf: test.retryOf,
        keyId: test.keyId,
        ...claimValues(idempotencyKey, id),
        ...eventValues(origin),
      }).catch((error: unknown) => {
        throw refusalOf(error)
      })
      return row?.id ? row : undefined
    }
    const load = async (testId: string) => {
      const [row] = await sql(getTest, { id: testId, userId: caller.userId })
      if (!row) throw notFound('test')
      return row
    }
    return createOnce(call, create, load)
  }
}

/** Counts at most once in COUNTED_MS. */
function counted(count: () => Promise<number>): () => Promise<number> {
  let known: { at: number; count: Promise<number> } | undefined
  return () => {
    if (!known || performance.now() - known.at > COUNTED_MS) {
      const counting = count()
      known = { at: performance.now(), count: counting }
      counting.catch(() => (known = undefined))
    }
    return known.count
  }
}

const full = () => exhausted('OVERLOADED', `more than ${MAX_WAITING} tests wait: try again later`, 5000)

function refusalOf(error: unknown): unknown {
  if (isRefusal(error, NO_SEAT))
    return exhausted(
      'TOO_MANY_TESTS',
      `you have ${MAX_UNFINISHED} tests that have not ended: wait for one to end, or cancel one`,
      1000,
    )
  if (isRefusal(error, NO_MONEY))
    return exhausted(
      'BUDGET_EXCEEDED',
      'this run could cost more than what is left of your budget of today (UTC): lower max_tokens, raise the budget, or wait until tomorrow',
      untilTomorrow(),
    )
  return error
}

const DAY = 86_400_000

const untilTomorrow = () => DAY - (Date.now() % DAY)
