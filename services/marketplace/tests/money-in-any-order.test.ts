import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { jobCause } from '#chassis/cause.ts'
import { until } from '#chassis/testing/until.ts'
import { balanceToChange, storePosting } from '../sales/store-posting.ts'
import { payOut } from '../transaction.ts'
import { age, DAY, disagreements, dispute, reconciled, refund, runJob } from './after-purchase.ts'
import { type Marketplace, type Person, startMarketplace } from './harness.ts'
import { passNotices } from './notices.ts'

let market: Marketplace
let notices: AsyncDisposable
let sellers: Person[]
let buyers: Person[]
let admin: Person

beforeAll(async () => {
  market = await startMarketplace()
  notices = await passNotices(market)
  sellers = [await market.person('ann'), await market.person('abe')]
  buyers = [await market.person('bob'), await market.person('ben'), await market.person('bea')]
  admin = await market.person('eve', 'ADMIN')
})
afterAll(async () => {
  await notices[Symbol.asyncDispose]()
  await market.stop()
})

/** What happens; `at` chooses to whom or to what, among all that there is. */
type Operation =
  | { what: 'buy'; at: number; paymentMethod: string }
  | { what: 'refund' | 'age' | 'dispute' | 'decide won' | 'decide lost' | 'reconcile'; at: number }
  | { what: 'release' }
  | { what: 'pay out'; at: number; percent: bigint }

const at = fc.nat(1000)
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('buy' as const),
      at,
      paymentMethod: fc.constantFrom(
        'pm_card_visa',
        'pm_card_mastercard',
        'pm_card_chargeDeclined',
        'pm_card_pendingRefund',
        'pm_card_refundFail',
      ),
    }),
  },
  {
    weight: 14,
    arbitrary: fc.record({
      what: fc.constantFrom('refund', 'refund', 'age', 'age', 'dispute', 'decide won', 'decide lost', 'reconcile'),
      at,
    }),
  },
  { weight: 3, arbitrary: fc.constant({ what: 'release' as const }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('pay out' as const), at, percent: fc.bigInt(0n, 110n) }) },
)

const pick = <T>(all: T[], at: number): T => all[at % all.length]!

/** Purchases, of which some failed, and the disputes of them. A payment is disputed once: another dispute has no place in the ledger. */
type Known = { ids: string[]; disputed: Set<string>; disputes: Awaited<ReturnType<typeof dispute>>[] }

async function happen(one: Operation, { ids, disputed, disputes }: Known): Promise<unknown> {
  if (one.what === 'buy') return buy(one, ids)
  if (one.what === 'release') return runJob(market, 'release sales')
  if (one.what === 'pay out') return pay(pick(sellers, one.at), one.percent)
  if (ids.length === 0) return undefined
  const id = pick(ids, one.at)
  switch (one.what) {
    case 'refund':
      return refund(market, id, pick([...sellers, ...buyers, admin], one.at))
    case 'age':
      return age(market, id, 7 * DAY)
    case 'reconcile':
      return reconciled(market, id)
    case 'dispute':
      if (disputed.has(id)) return undefined
      disputed.add(id)
      return dispute(market, id).then((opened) => disputes.push(opened))
    case 'decide won':
    case 'decide lost':
      return disputes.length > 0 && pick(disputes, one.at).decide(one.what === 'decide won' ? 'won' : 'lost')
  }
}

const rounds = fc.array(fc.array(operation, { minLength: 1, maxLength: 4 }), {
  minLength: 15,
  maxLength: 25,
  size: 'max',
})

test('whatever happens to purchases, several things at once, the books balance and equal those of the payment provider', async () => {
  let happened = 0
  await fc.assert(
    fc.asyncProperty(rounds, async (all) => {
      const known: Known = { ids: [], disputed: new Set(), disputes: [] }
      for (const round of all) {
        happened += round.length
        // Much of it is refused, which is as it should be: the books tell whether what was not refused was right.
        await Promise.allSettled(round.map((one) => happen(one, known)))
      }
      await ended()
    }),
    { numRuns: 4, endOnFailure: true },
  )
  expect(happened).toBeGreaterThan(60)
  const { length: kinds } = await market.database.query('select distinct kind from ledger_postings')
  expect(kinds).toBeGreaterThan(4)
})

async function buy({ at: which, paymentMethod }: { at: number; paymentMethod: string }, ids: string[]) {
  const { listingId } = await market.list(pick(sellers, which), { exclusive: which % 3 === 0 })
  const { transaction } = await market.buy(pick(buyers, which), listingId, { paymentMethod })
  ids.push(transaction!.transactionId)
}

async function pay({ userId: id }: Person, percent: bigint) {
  const of = { id, currency: 'USD' }
  await market.service.context.database.transaction(jobCause('pay out'), async (em, _emit, now) => {
    const balance = await balanceToChange(em, id, 'USD')
    const decision = payOut(balance, of, (balance.available * percent) / 100n)
    if (decision.refusal) return
    await storePosting(em, decision.posting!, { sellerId: id, currency: 'USD', reference: randomUUID() }, now)
  })
}

/** Waits until the provider has told everything, and throws when the books are not right then. */
async function ended() {
  let found: object[] = []
  await until('the books to balance', async () => {
    found = await disagreements(market)
    return found.length === 0
  }).catch((cause: unknown) => {
    throw new Error(`the books disagree: ${JSON.stringify(found)}`, { cause })
  })
}
