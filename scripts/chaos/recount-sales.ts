import { until } from '#chassis/testing/until.ts'
import type { PaymentProvider } from '../../services/dev-env/payments/start.ts'
import { type Finding, mismatchLine } from '../../services/deploy/recount/finding.ts'
import { recountPayments } from '../../services/marketplace/db/recount.ts'
import { onDatabase } from '../processes/on-database.ts'
import type { Ledger } from './ledger.ts'

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

/** Compares the sales of the database at `url` with what was acknowledged, and with what the payment provider has moved. */
export async function recountSales(url: string, { sales }: Ledger, payments: PaymentProvider): Promise<Finding[]> {
  const rows = await onDatabase<TransactionRow>(url, 'select id, request_id, status, refund_state from transactions')
  const byId = new Map(rows.map((row) => [row.id, row]))
  const query = (text: string) => onDatabase<object>(url, text)
  const mismatches = await recountPayments(query, await payments.control.moved())
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
      what: 'the ledger and the payment provider agree',
      compared: rows.length,
      wrong: mismatches.map(mismatchLine),
    },
  ]
}
