import { decimalText } from '#chassis/decimals.ts'
import type { Usage } from './providers/call-model.ts'

/** Prices of a model: millionths of a US dollar for a million tokens. */
export type Price = { input: bigint; cacheRead: bigint; cacheWrite: bigint; output: bigint }

/** Tokens that a provider may add to a prompt around its text. */
const AROUND_TOKENS = 256n

const MILLION = 1_000_000n

/**
 * The most that a call can cost, millionths of a US dollar: a token covers at least one byte of UTF-8, all of the input may be of the
 * dearest kind, and the output as long as it may be.
 */
export const boundOf = (price: Price, prompt: string, maxTokens: number): bigint =>
  boundOfBytes(price, Buffer.byteLength(prompt), maxTokens)

/** The same for a prompt of which only is known how many bytes of UTF-8 it has at the most. */
export function boundOfBytes(price: Price, bytes: number, maxTokens: number): bigint {
  const tokens = BigInt(bytes) + AROUND_TOKENS
  const dearest = [price.input, price.cacheRead, price.cacheWrite].reduce((a, b) => (a > b ? a : b))
  return perMillion(tokens * dearest + BigInt(maxTokens) * price.output)
}

/** What these tokens cost, millionths of a US dollar: rounded up, once. */
export function costOf(price: Price, { input, cacheRead, cacheWrite, output }: Usage): bigint {
  const fresh = BigInt(input - cacheRead - cacheWrite)
  return perMillion(
    fresh * price.input +
      BigInt(cacheRead) * price.cacheRead +
      BigInt(cacheWrite) * price.cacheWrite +
      BigInt(output) * price.output,
  )
}

const perMillion = (amount: bigint) => (amount + MILLION - 1n) / MILLION

/** Dollars with four decimals, as the seed's column has them: rounded half to even. */
export function dollarsOf(micros: bigint): string {
  const [whole, rest] = [micros / 100n, micros % 100n]
  const up = rest > 50n || (rest === 50n && whole % 2n === 1n)
  return decimalText(whole + (up ? 1n : 0n), 4)
}

/** What a call cost, and who says so: without a count of the provider's, the most that it can have been. */
export type Settlement = { cost: bigint; source: 'PROVIDER' | 'ESTIMATED' | null }

/** What is paid for a call; `usage` is undefined when the provider has not counted. */
export function settle(
  price: Price,
  bound: bigint,
  { mayCost, usage }: { mayCost: boolean; usage: Usage | undefined },
): Settlement {
  if (!mayCost) return { cost: 0n, source: null }
  return usage ? { cost: costOf(price, usage), source: 'PROVIDER' } : { cost: bound, source: 'ESTIMATED' }
}
