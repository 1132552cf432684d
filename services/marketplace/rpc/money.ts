import type { Violation } from '#chassis/errors.ts'
import type { Money } from '#contracts/gen/google/type/money.ts'
import { currencyProblem, minorOf, readAmount } from '../money.ts'
import type { Limits } from '../payments/limits.ts'

const NANOS_PER_CENT = 10_000_000n

/** Billionths of a unit: as many are one. */
const NANOS_PER_UNIT = 1_000_000_000

/** An amount as a message has it. `column` is a DECIMAL(10,2) as the database says it, or cents. */
export function toMoney(column: string | bigint, currencyCode: string): Money {
  const cents = typeof column === 'string' ? minorOf(column) : column
  return { currencyCode, units: cents / 100n, nanos: Number((cents % 100n) * NANOS_PER_CENT) }
}

/** What a request wants to pay or to be paid: cents, of at least `least` and at most `most`, and a currency that is sold in; or what is wrong with it, of this field. */
export function readMoney(
  field: string,
  { currencyCode, units, nanos }: Money,
  { least = 1n, most }: Partial<Limits> = {},
): { cents: bigint; currency: string; problems?: undefined } | { problems: Violation[] } {
  const violation = (member: string, description: string | undefined) =>
    description === undefined ? [] : [{ field: `${field}${member}`, description }]
  const amount =
    Math.abs(nanos) < NANOS_PER_UNIT
      ? readAmount(decimalOf(units, nanos), least, most)
      : { problem: 'must have less than 1,000,000,000 nanos: as many are one more of units' }
  const problems = [...violation('.currency_code', currencyProblem(currencyCode)), ...violation('', amount.problem)]
  return amount.problem !== undefined || problems.length > 0
    ? { problems }
    : { cents: amount.minor, currency: currencyCode }
}

/** Units and billionths of them as one decimal number, such as `19.99` or `-0.5`. */
function decimalOf(units: bigint, nanos: number): string {
  const sign = units < 0n || nanos < 0 ? '-' : ''
  const decimals = String(Math.abs(nanos)).padStart(9, '0').replace(/0+$/, '')
  return `${sign}${units < 0n ? -units : units}${decimals && `.${decimals}`}`
}
