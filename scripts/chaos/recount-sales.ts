import { until } from '#chassis/testing/until.ts'
import type { Charge, Dispute, Intent, Refund } from '../../services/dev-env/payments/objects.ts'
import type { PaymentProvider } from '../../services/dev-env/payments/start.ts'
import { recount, recountPayments } from '../../services/marketplace/db/recount.ts'
import { onDatabase } from '../processes/on-database.ts'
import type { Ledger } from './ledger.ts'
import type { Finding } from './recount.ts'

/** Milliseconds that payments and refunds get to end. */
const END_MS = 120_000

/** Waits until all payments and refunds have ended; or no longer: then the recount tells which have not. What waits long for its next check is checked now. */
export async function untilSalesEnded(url: string): Promise<void> {
  const waiting = `status = 'PENDING' or refund_state = 'REQUESTED'`
  await until(
    'the end of all payments and refunds',
    async () => {
      await onDatabase(
        url,
        `update transactions set next_check_at = now() where (${waiting}) and next_check_at > now() + interval '5 s'`,
      )
      const [row] = await onDatabase<{ ended: boolean }>(
        url,
        `select not exists (select from transactions where ${waiting}) as ended`,
      )
      return row!.ended
    },
    END_MS,
  ).catch(() => undefined)
}

type TransactionRow = { id: string; request_id: string; status: string; refund_state: string | null }
type LicenceRow = { id: string; state: string }

/** Compares sales with what was acknowledged, with what the payment provider has moved, and with what the prompt service lets buyers read. */
export async function recountSales(
  databases: Record<string, string>,
  { sales }: Ledger,
  payments: PaymentProvider,
): Promise<Finding[]> {
  const url = databases['marketplace']!
  const rows = await onDatabase<TransactionRow>(url, 'select id, request_id, status, refund_state from transactions')
  const byId = new Map(rows.map((row) => [row.id, row]))
  const provider = await whatMoved(payments)
  const query = (text: string) => onDatabase<object>(url, text)
  const mismatches = [...(await recount(query)), ...(await recountPayments(query, provider.moved))]
  const asked = [...sales.asked].filter(([, id]) => id !== undefined)
  return [
    {
      what: 'every purchase has ended, and every refund',
      compared: rows.length,
      wrong: rows
        .filter((row) => row.status === 'PENDING' || row.refund_state === 'REQUESTED')
        .map(({ id, status, refund_state: refund }) => `transaction ${id} is ${status}, its refund ${refund}`),
    },
    {
      what: 'acknowledged purchases are there, as they were acknowledged',
      compared: asked.length,
      wrong: [
        ...asked.filter(([, id]) => !byId.has(id!)).map(([, id]) => `transaction ${id} is gone`),
        ...[...sales.ended]
          .filter(([id, status]) => byId.get(id)?.status !== status)
          .map(([id, status]) => `transaction ${id} was ${status}, and is ${byId.get(id)?.status}`),
      ],
    },
    {
      what: 'acknowledged refunds are claimed',
      compared: sales.refunded.size,
      wrong: [...sales.refunded]
        .filter((id) => !byId.get(id)?.refund_state)
        .map((id) => `transaction ${id} has no refund`),
    },
    {
      what: 'no transaction was charged twice, and none that failed',
      compared: provider.charges.size,
      wrong: [...provider.charges]
        .filter(([id, count]) => count > 1 || byId.get(id)?.status !== 'COMPLETED')
        .map(([id, count]) => `transaction ${id} is ${byId.get(id)?.status} and has ${count} charges`),
    },
    {
      what: 'the ledger, balances, licences and the payment provider agree',
      compared: rows.length,
      wrong: mismatches.map(
        ({ place, key, stored, counted }) => `${place} ${key} says ${stored}, and it is ${counted}`,
      ),
    },
    await entitlements(databases),
  ]
}

/** What the provider has moved for each transaction, cents: negative what the buyer has paid. */
async function whatMoved({ control }: PaymentProvider) {
  const lines = await control.journal()
  const kept = [...new Map(lines.flatMap(({ objects = [] }) => objects).map((one) => [one.id, one])).values()]
  const of = <T extends { object: string }>(object: T['object']) =>
    kept.filter((one) => one.object === object) as unknown as T[]
  const transactions = new Map(of<Intent>('payment_intent').map(({ id, metadata }) => [id, metadata['transaction']!]))
  const moved = new Map<string, bigint>()
  const charges = new Map<string, number>()
  const move = (payment: string, amount: number) => {
    const id = transactions.get(payment)!
    moved.set(id, (moved.get(id) ?? 0n) + BigInt(amount))
  }
  for (const charge of of<Charge>('charge').filter(({ paid }) => paid)) {
    const id = transactions.get(charge.payment_intent)!
    charges.set(id, (charges.get(id) ?? 0) + 1)
    move(charge.payment_intent, -charge.amount)
  }
  for (const refund of of<Refund>('refund').filter(({ status }) => status === 'succeeded'))
    move(refund.payment_intent, refund.amount)
  for (const dispute of of<Dispute>('dispute').filter(({ status }) => status === 'needs_response' || status === 'lost'))
    move(dispute.payment_intent, dispute.amount)
  return { moved, charges }
}

async function entitlements(databases: Record<string, string>): Promise<Finding> {
  const state = `concat_ws(' ', prompt_id, min_version, max_version, revision`
  const licences = await onDatabase<LicenceRow>(
    databases['marketplace']!,
    `select id, ${state}, buyer_id, is_active) as state from licenses`,
  )
  const known = await onDatabase<LicenceRow>(
    databases['prompt']!,
    `select license_id as id, ${state}, user_id, active) as state from entitlements`,
  )
  const byId = new Map(known.map(({ id, state: one }) => [id, one]))
  return {
    what: 'the prompt service knows what each licence unlocks',
    compared: licences.length,
    wrong: licences
      .filter((one) => byId.get(one.id) !== one.state)
      .map((one) => `licence ${one.id} is ${one.state}, and there ${byId.get(one.id)}`),
  }
}
