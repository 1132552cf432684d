import { jobCause } from '#chassis/cause.ts'
import { until } from '#chassis/testing/until.ts'
import type { Marketplace } from './harness.ts'

/** What there is of a purchase: in the database, at the payment provider and at the prompt service. `imbalance` is the sum of all entries. */
export type Outcome = {
  status: string
  failureReason: string | null
  charges: number
  licenses: number
  postings: string[]
  imbalance: string
  entitlements: number
}

/** The outcome of a purchase that was paid. */
export const PAID: Outcome = {
  status: 'COMPLETED',
  failureReason: null,
  charges: 1,
  licenses: 1,
  postings: ['PURCHASE'],
  imbalance: '0',
  entitlements: 1,
}

/** The outcome of a purchase that failed, for this reason. */
export const notPaid = (failureReason: string | null, status = 'FAILED'): Outcome => ({
  status,
  failureReason,
  charges: 0,
  licenses: 0,
  postings: [],
  imbalance: '0',
  entitlements: 0,
})

type Row = Omit<Outcome, 'charges' | 'entitlements'> & { licenseId: string | null }

/** What there is of a purchase now. */
export async function outcomeOf({ database, payments, entitlements }: Marketplace, id: string): Promise<Outcome> {
  const [row] = await database.query<Row>(
    `select t.status, t.failure_reason as "failureReason",
      (select count(*)::integer from licenses where transaction_id = t.id) as licenses,
      (select min(id::text) from licenses where transaction_id = t.id) as "licenseId",
      array(select kind::text from ledger_postings where transaction_id = t.id order by kind) as postings,
      (select coalesce(sum(amount), 0)::text from ledger_entries) as imbalance
    from transactions t where t.id = $1`,
    [id],
  )
  const { licenseId, ...stored } = row!
  const { charges } = await payments.control.of(id)
  const told = new Set(entitlements.map((one) => one.licenseId).filter((one) => one === licenseId))
  return { ...stored, charges: charges.length, entitlements: told.size }
}

/** Waits until a purchase has ended, and the prompt service has been told; answers with what there is of it then. */
export const ended = (market: Marketplace, id: string): Promise<Outcome> =>
  until('the purchase to end', async () => {
    const outcome = await outcomeOf(market, id)
    return outcome.status !== 'PENDING' && outcome.licenses === outcome.entitlements && outcome
  })

/** Makes a purchase so old that the reconciler looks at it, as soon as it looks at all. */
export async function makeOld({ database }: Pick<Marketplace, 'database'>, id: string): Promise<void> {
  await database.query(
    `update transactions set created_at = now() - interval '1 minute', next_check_at = now() - interval '1 second'
    where id = $1`,
    [id],
  )
}

/** Has the reconciler look now, and not within the next ten seconds. */
export async function reconcile({ service }: Marketplace): Promise<void> {
  const { jobs } = service.context.sales
  const job = jobs.find(({ name }) => name === 'settle payments and refunds')!
  await job.run(new AbortController().signal, jobCause(job.name))
}
