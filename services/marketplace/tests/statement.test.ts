import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { parse } from 'csv-parse/sync'
import { rejection } from '#chassis/testing/rejection.ts'
import { until } from '#chassis/testing/until.ts'
import type { HttpBody } from '#contracts/gen/google/api/httpbody.ts'
import type { ExportStatementRequest } from '#contracts/gen/promptforge/marketplace/v1/seller_service.ts'
import { dispute, endRefund, release, requestRefund } from '../transaction.ts'
import { type Marketplace, type Person, startMarketplace, usd } from './harness.ts'
import { fillSales, move, sellAt } from './ledger-moves.ts'

/** More than buffers on the way hold: nine megabytes of statement. */
const MANY = 20_000

let market: Marketplace
let seller: Person
let busy: Person

beforeAll(async () => {
  market = await startMarketplace()
  seller = await market.person('ann')
  busy = await market.person('cho')
  await fillSales(market.database, busy.userId, MANY, '2026-03-01T00:00:00Z')
})
afterAll(() => market.stop())

const open = ({ as }: Person, request: Partial<ExportStatementRequest> = {}) =>
  market.sellers
    .exportStatement({ from: undefined, to: undefined, ...request }, { ...as, timeoutMs: 60_000 })
    [Symbol.asyncIterator]()

async function readRest(stream: AsyncIterator<HttpBody>) {
  const messages: HttpBody[] = []
  for (let next = await stream.next(); !next.done; next = await stream.next()) messages.push(next.value)
  return messages
}

const textOf = (messages: HttpBody[]) => Buffer.concat(messages.map(({ data }) => data)).toString()

type Line = Record<string, string>

/** The lines of a statement, without its end, which has to say how many they are. */
function linesOf(text: string): Line[] {
  const lines: Line[] = parse(text, { columns: true })
  const end = lines.pop()
  expect(end).toMatchObject({ time: 'end', posting: String(lines.length), kind: '' })
  return lines
}

const download = async (person: Person, request?: Partial<ExportStatementRequest>) =>
  linesOf(textOf(await readRest(open(person, request))))

const minor = (amount: string | undefined) => BigInt(amount!.replace('.', ''))

/** What the lines add to each balance. */
function sumsOf(lines: Line[]) {
  const sums = new Map<string, { currency: string; pending: bigint; available: bigint }>()
  for (const { currency, pending, available } of lines) {
    const sum = sums.get(currency!) ?? { currency: currency!, pending: 0n, available: 0n }
    sums.set(currency!, {
      ...sum,
      pending: sum.pending + minor(pending),
      available: sum.available + minor(available),
    })
  }
  return [...sums.values()].sort((a, b) => (a.currency < b.currency ? -1 : 1))
}

const balancesOf = async ({ userId }: Person) => {
  const rows = await market.database.query<Line>(
    'select currency, pending, available from seller_balances where seller_id = $1 order by currency',
    [userId],
  )
  return rows.map(({ currency, pending, available }) => ({
    currency,
    pending: BigInt(pending!),
    available: BigInt(available!),
  }))
}

describe('a statement', () => {
  test('has a header, what was posted to the balances, oldest first, and an end, and equals the ledger', async () => {
    const now = new Date()
    const later = new Date(now.getTime() + 20 * 86_400_000)
    const admin = await market.person('root', 'ADMIN')
    const paid = await sellAt(market, seller, now)
    const refunded = await sellAt(market, seller, now)
    await sellAt(market, seller, now, { amount: 1000n, fee: 200n, currency: 'EUR' })
    await move(market, paid, (tx) => release(tx, later))
    await move(market, refunded, (tx) => requestRefund(tx, { as: 'SELLER' }, now))
    await move(market, refunded, (tx) => endRefund(tx, 'DONE', now))
    await move(market, refunded, (tx) => dispute(tx, 'OPEN'))
    await market.sellers.recordPayout({ userId: seller.userId, amount: usd(1500), reference: '=1+1' }, admin.as)

    const messages = await readRest(open(seller))
    const text = textOf(messages)
    expect(messages[0]!.contentType).toBe('text/csv; charset=utf-8; header=present')
    expect(text).toMatch(/^time,posting,kind,transaction,prompt,license_type,currency,amount,fee,pending,available\r\n/)
    expect(text).toMatch(/\r\nend,6,{9}\r\n$/)
    const lines = linesOf(text)
    const brief = lines.map(({ kind, transaction, currency, amount, fee, pending, available }) => ({
      [`${kind} ${[paid, refunded].indexOf(transaction!)}`]: [currency, amount, fee, pending, available].join(' '),
    }))
    expect(brief).toEqual(
      expect.arrayContaining([
        { 'PURCHASE 0': 'USD 19.99 4.00 15.99 0.00' },
        { 'PURCHASE 1': 'USD 19.99 4.00 15.99 0.00' },
        { 'PURCHASE -1': 'EUR 10.00 2.00 8.00 0.00' },
        { 'RELEASE 0': 'USD 0.00 0.00 -15.99 15.99' },
        { 'REFUND 1': 'USD -19.99 -4.00 -15.99 0.00' },
        { 'PAYOUT -1': 'USD -15.00 0.00 0.00 -15.00' },
      ]),
    )
    expect(lines).toHaveLength(6)
    const times = lines.map(({ time }) => Date.parse(time!))
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(sumsOf(lines)).toEqual(await balancesOf(seller))
  })

  test('has no cell that a spreadsheet runs as a formula: none is what somebody has written', async () => {
    const lines = await download(seller)
    for (const cell of lines.flatMap((line) => Object.values(line))) {
      expect(cell).toMatch(/^(-?\d+\.\d\d|[A-Z_]{3,20}|[\da-f-]{36}|[\d-]{10}T[\d:]{8}\.\d{3}Z|)$/)
    }
  })

  test('is from a time to another that is not in it', async () => {
    const person = await market.person('dee')
    const times = ['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z', '2026-01-03T00:00:00.000Z']
    for (const time of times) await sellAt(market, person, new Date(time))
    const [from, to] = [new Date(times[1]!), new Date(times[2]!)]
    const timesOf = async (request: Partial<ExportStatementRequest>) =>
      (await download(person, request)).map(({ time }) => time)
    expect(await timesOf({ from, to })).toEqual([times[1]])
    expect(await timesOf({ from })).toEqual(times.slice(1))
    expect(await timesOf({ to })).toEqual(times.slice(0, 2))
    expect(await timesOf({ from, to: from })).toEqual([])
  })

  test('of many postings at one time has each once, and equals the ledger', async () => {
    const lines = await download(busy)
    expect(lines).toHaveLength(2 * MANY)
    expect(new Set(lines.map(({ posting }) => posting)).size).toBe(2 * MANY)
    expect(sumsOf(lines)).toEqual(await balancesOf(busy))
  })

  test('of somebody who sold nothing has an end alone, and nothing of others', async () => {
    expect(await download(await market.person('eve'))).toEqual([])
  })
})

describe('ExportStatement', () => {
  test('refuses a beginning after the end, and whoever is not signed in', async () => {
    const error = await rejection(open(seller, { from: new Date(2), to: new Date(1) }).next())
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, violations: [{ field: 'from' }] })
    expect(await rejection(open({ userId: '', as: {} }).next())).toMatchObject({ code: status.UNAUTHENTICATED })
  })

  test('sends one statement at a time to a caller, and another when that has ended', async () => {
    const first = open(busy)
    await first.next()
    expect(await rejection(open(busy).next())).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      reason: 'OVERLOADED',
    })
    expect(await download(seller)).not.toEqual([])
    await first.return?.()
    await until('another to begin', async () => {
      const again = open(busy)
      const begins = await again.next().then(
        () => true,
        () => false,
      )
      await again.return?.()
      return begins
    })
  })
})
