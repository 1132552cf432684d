import { stringify } from 'csv-stringify/sync'
import { FIRST_ID } from '#chassis/ids.ts'
import { invalid } from '#chassis/errors.ts'
import type { Call, Streaming } from '#chassis/grpc/call.ts'
import { downloads } from '#chassis/grpc/download.ts'
import type { ExportStatementRequest } from '#contracts/gen/promptforge/marketplace/v1/seller_service.ts'
import { listStatement, STATEMENT_PAGE, type StatementRow } from '../db/seller-money.ts'
import { amountText } from '../money.ts'

/** Downloads at once, each of which holds a page and a message: half a MiB. */
const MAX_RUNNING = 32

const COLUMNS = [
  'time',
  'posting',
  'kind',
  'transaction',
  'prompt',
  'license_type',
  'currency',
  'amount',
  'fee',
  'pending',
  'available',
]

export const exportStatement = () => {
  const send = downloads({
    noun: 'statement',
    filename: 'statement.csv',
    contentType: 'text/csv; charset=utf-8; header=present',
    most: MAX_RUNNING,
  })
  return (request: ExportStatementRequest, call: Streaming<Call>) => send(call, pagesOf(request, call))
}

async function* pagesOf(
  { from, to = new Date() }: ExportStatementRequest,
  { caller, sql }: Streaming<Call>,
): AsyncGenerator<string> {
  if (from && from > to) throw invalid([{ field: 'from', description: 'must not be later than `to`' }])
  yield csv([COLUMNS])
  let lines = 0
  let after = { afterTime: from ?? ('-infinity' as Date | string), afterId: FIRST_ID }
  for (;;) {
    const page = await sql(listStatement, { sellerId: caller.userId, ...after, to })
    const rows = page.filter(({ fee, pending, available }) =>
      [fee, pending, available].some((text) => BigInt(text) !== 0n),
    )
    lines += rows.length
    if (rows.length > 0) yield csv(rows.map(cellsOf))
    if (page.length < STATEMENT_PAGE) break
    const { created_at: afterTime, id: afterId } = page.at(-1)!
    after = { afterTime, afterId }
  }
  // As many cells as all lines have.
  yield csv([COLUMNS.map((_, index) => ['end', String(lines)][index] ?? '')])
}

// No cell has text that somebody has written, which a spreadsheet might run as a formula: a reference of a payout is not in a statement. Only an amount
// begins with a minus, and is a number.
function cellsOf(row: StatementRow): string[] {
  const [fee, pending, available] = [BigInt(row.fee), BigInt(row.pending), BigInt(row.available)]
  return [
    row.created_at.toISOString(),
    row.id,
    row.kind,
    row.transaction_id ?? '',
    row.prompt_id ?? '',
    row.license_type ?? '',
    row.currency,
    ...[fee + pending + available, fee, pending, available].map(amountText),
  ]
}

const csv = (lines: string[][]) => stringify(lines, { record_delimiter: '\r\n' })
