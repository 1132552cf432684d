import { decimalText } from '#chassis/decimals.ts'

/** What an amount is of when nobody says it. */
export const DEFAULT_CURRENCY = 'USD'

/** The highest amount, in minor units: 99,999,999.99, the most that the columns DECIMAL(10,2) hold. */
export const MAX_MINOR = 9_999_999_999n

/** An amount that was read, or a sentence for a violation that says what is wrong with it. */
export type ReadAmount = { minor: bigint; problem?: undefined } | { problem: string }

/**
 * Currencies that can be charged, by their ISO 4217 codes: those that have two decimals, in ISO 4217 and at Stripe, which charges them.
 * Codes that ISO 4217 has withdrawn (ANG, BGN, STD) are not among them.
 */
const CURRENCIES: ReadonlySet<string> = new Set(
  [
    'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CNY COP CRC CVE CZK DKK',
    'DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR JMD KES KGS KHR KYD KZT LAK LBP LKR',
    'LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD',
    'RUB SAR SBD SCR SEK SGD SHP SLE SOS SRD SZL THB TJS TOP TRY TTD TWD TZS UAH USD UYU UZS WST XCD XCG YER ZAR ZMW',
  ]
    .join(' ')
    .split(' '),
)

/** Currencies that are often asked for and have no decimals, in ISO 4217 or at Stripe. */
const WITHOUT_DECIMALS = 'BIF CLP DJF GNF ISK JPY KMF KRW MGA PYG RWF UGX VND VUV XAF XOF XPF'.split(' ')

/** Currencies that have three decimals. */
const WITH_THREE_DECIMALS = 'BHD IQD JOD KWD LYD OMR TND'.split(' ')

/** What is wrong with the code of a currency, as a sentence for a violation; undefined when sales in it are possible. */
export function currencyProblem(code: string): string | undefined {
  if (CURRENCIES.has(code)) return undefined
  if (WITHOUT_DECIMALS.includes(code)) return `must be a currency with two decimals, such as USD: ${code} has none`
  if (WITH_THREE_DECIMALS.includes(code)) return `must be a currency with two decimals, such as USD: ${code} has three`
  return 'must be the ISO 4217 code, in capital letters, of a currency that can be charged, such as USD'
}

/**
 * Reads an amount of a request, `19.99`, in minor units: digits without a leading zero, and at most two decimals after a point. It is
 * from `least` to `most`, in minor units. Default for `most`: 99,999,999.99.
 */
export function readAmount(text: string, least: bigint, most = MAX_MINOR): ReadAmount {
  const [, whole, decimals = ''] = FORM.exec(text) ?? []
  if (whole === undefined) return { problem: 'must be an amount such as 19.99: digits, a point and two decimals' }
  if (decimals.length > 2) return { problem: 'must have at most two decimals: parts of a cent cannot be paid' }
  const tooMuch = { problem: `must be at most ${amountText(most < MAX_MINOR ? most : MAX_MINOR)}` }
  if (whole.length > WHOLE_DIGITS) return tooMuch
  const minor = BigInt(whole + decimals.padEnd(2, '0'))
  if (minor > most) return tooMuch
  return minor < least ? { problem: `must be at least ${amountText(least)}` } : { minor }
}

const FORM = /^(0|[1-9]\d*)(?:\.(\d+))?$/

const WHOLE_DIGITS = String(MAX_MINOR).length - 2

/** The minor units of a column DECIMAL(10,2), `19.99`. Throws an Error for anything that such a column of ours does not hold. */
export function minorOf(column: string): bigint {
  const read = readAmount(column, 0n)
  if (read.problem !== undefined) throw new Error(`a column of money contains ${JSON.stringify(column)}`)
  return read.minor
}

/** Minor units as a text with two decimals, `19.99`, for answers and columns. A balance may be negative: `-15.99`. */
export const amountText = (minor: bigint): string => decimalText(minor, 2)

/** The whole of a sale, in hundredths of a per cent. */
const MAX_BPS = 10_000

/** Throws when the operator has set a fee that is more than the sale. */
export function checkFeeBps(feeBps: number): void {
  if (feeBps > MAX_BPS)
    throw new Error(`PF_MARKETPLACE_FEE_BPS is ${feeBps}: set 0 to ${MAX_BPS}, hundredths of a per cent of a sale`)
}

/** What the platform keeps of an amount, minor units: `bps` hundredths of a per cent, from 0 to 10,000, rounded half up. */
export function feeOf(amount: bigint, bps: number): bigint {
  if (!(bps >= 0 && bps <= MAX_BPS)) throw new RangeError(`a fee of ${bps} hundredths of a per cent`)
  return (amount * BigInt(bps) + 5_000n) / 10_000n
}
