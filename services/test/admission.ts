import { claimValues, createOnce } from '#chassis/db/idempotency.ts'
import type { Sql } from '#chassis/db/statements.ts'
import { exhausted, notFound } from '#chassis/errors.ts'
import { eventValues } from '#chassis/events/outbox.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { newId } from '#chassis/ids.ts'
import { admitSuiteTests, type Admitting, admitTests, type SuiteTest } from './admit-many.ts'
import { noMoney, noSeat } from './budget.ts'
import type { TestConfig } from './config.ts'
import { getTest } from './db/get-test.ts'
import { insertTest, NO_MONEY, NO_SEAT } from './db/insert-test.ts'
import { createStorePrice } from './db/prices.ts'
import type { TestRow } from './db/rows.ts'
import { countUnfinished } from './db/sweep.ts'
import { boundOf } from './money.ts'
import { laneOf, type NewTest } from './new-test.ts'
import { isRefusal } from './refusal.ts'

/** Tests of all users that have not ended, at most. Those of suites' runs do not count. */
const MAX_WAITING = 10_000

/** For how long a count of them is used, milliseconds. */
const COUNTED_MS = 1000

/** Admits tests. Each of these throws RESOURCE_EXHAUSTED when there is no room, or no money. */
export type Admission = {
  /** What users may spend in a day. */
  budget: TestConfig['budget']
  /** One test of the caller, once for each `request_id`, in one statement. Throws also what `createOnce` throws. */
  one(test: NewTest, call: Call): Promise<TestRow>
  /** Prepares tests, all or none of which are then admitted in a transaction: see `admitTests`. */
  tests(tests: readonly NewTest[]): Promise<(transaction: InTransaction) => Promise<string[]>>
  /** The same for the tests of a suite's run, of these models, each so many times: see `admitSuiteTests`. */
  suiteTests(
    priced: readonly Priced[],
  ): Promise<
    (transaction: InTransaction, suiteRunId: string, tests: readonly SuiteTest[], repeats: number) => Promise<void>
  >
}

type Priced = Pick<NewTest, 'model' | 'price'>

type InTransaction = Omit<Admitting, 'defaultLimit'>

export function createAdmission(sql: Sql, budget: TestConfig['budget']): Admission {
  const defaultLimit = BigInt(budget.defaultMicros)
  const storePrice = createStorePrice(sql)
  const storePrices = async (tests: readonly Priced[]) => {
    for (const { model, price } of tests) await storePrice(model, price)
  }
  const waiting = counted(async () => (await sql(countUnfinished, { max: MAX_WAITING }))[0]!.count)
  const checkRoom = async () => {
    if ((await waiting()) >= MAX_WAITING) throw full()
  }
  return {
    budget,
    one: async (test, call) => {
      await checkRoom()
      await storePrice(test.model, test.price)
      return insertOnce(test, call, defaultLimit)
    },
    tests: async (tests) => {
      await checkRoom()
      await storePrices(tests)
      return (transaction) => admitTests({ ...transaction, defaultLimit }, tests)
    },
    suiteTests: async (priced) => {
      await storePrices(priced)
      return (transaction, suiteRunId, tests, repeats) =>
        admitSuiteTests({ ...transaction, defaultLimit }, suiteRunId, tests, repeats)
    },
  }
}

function insertOnce(test: NewTest, call: Call, defaultLimit: bigint) {
  const { sql, caller, idempotencyKey, origin } = call
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
      lane: laneOf(test),
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
  if (isRefusal(error, NO_SEAT)) return noSeat()
  if (isRefusal(error, NO_MONEY)) return noMoney()
  return error
}
