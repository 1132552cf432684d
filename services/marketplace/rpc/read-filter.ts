import type { OfferFilter } from '../db/search-listings.ts'
import { amountText, DEFAULT_CURRENCY } from '../money.ts'

type Asked = {
  category?: string | undefined
  currency?: string | undefined
  minPrice?: bigint | undefined
  maxPrice?: bigint | undefined
}

/** Which offers a list or a search is about. Prices are compared only in one currency: `needsCurrency` when they are the order of a list. */
export function readFilter(
  { category, currency, minPrice, maxPrice }: Asked,
  { needsCurrency }: { needsCurrency: boolean },
): OfferFilter {
  const isPriced = needsCurrency || minPrice !== undefined || maxPrice !== undefined
  return {
    category: category || undefined,
    currency: currency ?? (isPriced ? DEFAULT_CURRENCY : undefined),
    minPrice: minPrice === undefined ? undefined : amountText(minPrice),
    maxPrice: maxPrice === undefined ? undefined : amountText(maxPrice),
  }
}
