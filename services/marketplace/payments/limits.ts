/** The least and the most that can be paid at once, minor units. */
export type Limits = { least: bigint; most: bigint }

/** The most of a payment at Stripe: eight digits. */
const MOST = 99_999_999n

/** Of currencies in which a usual price has more digits. Those of COP, HUF and LBP are for cards. */
const MOST_OF: Readonly<Record<string, bigint>> = {
  COP: 9_999_999_999n,
  HUF: 9_999_999_999n,
  IDR: 999_999_999_999n,
  INR: 999_999_999n,
  LBP: 9_999_999_999n,
}

/** The least of a payment at Stripe in the currencies that it settles in. In the others it is what one of these comes to on the day. */
const LEAST_OF: Readonly<Record<string, bigint>> = {
  AED: 200n,
  CZK: 1500n,
  DKK: 250n,
  GBP: 30n,
  HKD: 400n,
  HUF: 17_500n,
  MXN: 1000n,
  MYR: 200n,
  NOK: 300n,
  PLN: 200n,
  RON: 200n,
  SEK: 300n,
  THB: 1000n,
  ...Object.fromEntries('AUD BRL CAD CHF EUR INR NZD SGD USD'.split(' ').map((currency) => [currency, 50n])),
}

/** What the payment provider takes in a currency, by its ISO 4217 code. */
export const limitsOf = (currency: string): Limits => ({
  least: LEAST_OF[currency] ?? 1n,
  most: MOST_OF[currency] ?? MOST,
})
