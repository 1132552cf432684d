import { failedPrecondition, invalid, notFound, type Violation } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { forward } from '#chassis/grpc/client.ts'
import { isNotFound } from '#chassis/grpc/status.ts'
import type { Money } from '#contracts/gen/google/type/money.ts'
import { Access_Kind } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import type { Remote } from '../context.ts'
import { isPublic } from '../listing.ts'
import { amountText } from '../money.ts'
import { limitsOf } from '../payments/limits.ts'
import { readMoney } from './money.ts'

/** What of a prompt can be sold: no version from `publicFrom` on, which anyone may read. */
export type Sellable = { headVersion: number; publicFrom: number }

/** Finds out what of a prompt the caller can sell. Throws NOT_FOUND for somebody else's, FAILED_PRECONDITION for one that was made from another's. */
export async function sellableVersions(
  { access }: Pick<Remote, 'access'>,
  promptId: string,
  { origin }: Call,
): Promise<Sellable> {
  const found = await access.checkAccess({ promptId }, forward(origin)).catch((error: unknown) => {
    throw isNotFound(error) ? notFound('prompt') : error
  })
  if (found.access?.kind !== Access_Kind.OWNER) throw notFound('prompt')
  if (found.resaleRestricted) {
    throw failedPrecondition(
      'RESALE_NOT_ALLOWED',
      'this prompt is a fork of what somebody else has not published, so it is not yours to sell',
    )
  }
  return { headVersion: found.headVersion, publicFrom: found.publicFromVersion ?? Infinity }
}

/** The versions that are sold, from what is asked for, and what is wrong with them; 0 stands for the defaults. Throws NOT_FOUND for a version that does not exist. */
export function readVersions(
  asked: { promptVersion: number; minVersion: number },
  { headVersion }: Sellable,
): { promptVersion: number; minVersion: number; problems: Violation[] } {
  const promptVersion = asked.promptVersion || headVersion
  const minVersion = asked.minVersion || promptVersion
  if (promptVersion > headVersion) throw notFound('version')
  const problems =
    minVersion > promptVersion
      ? [{ field: 'min_version', description: `must be at most the version that is sold, ${promptVersion}` }]
      : []
  return { promptVersion, minVersion, problems }
}

/** Throws FAILED_PRECONDITION for a version that anyone may read. */
export function checkNotPublic(promptVersion: number, { publicFrom }: Sellable): void {
  if (!isPublic(promptVersion, publicFrom)) return
  throw failedPrecondition(
    'PROMPT_IS_PUBLIC',
    `anyone may read version ${promptVersion}: make the prompt private, or sell a version that is not public`,
  )
}

/** Reads the prices of a listing, as its columns have them; or what is wrong with them: also that the payment provider would not take them. */
export function readPrices(
  { price, commercialPrice }: { price: Money; commercialPrice?: Money | undefined },
  leastCents: number,
):
  | { columns: { price: string; commercialPrice: string | null; currency: string }; problems: [] }
  | { columns?: undefined; problems: Violation[] } {
  const read = (field: string, money: Money) => {
    const { least, most } = limitsOf(money.currencyCode)
    return readMoney(field, money, { most, least: least > BigInt(leastCents) ? least : BigInt(leastCents) })
  }
  const personal = read('price', price)
  const commercial = commercialPrice && read('commercial_price', commercialPrice)
  const problems = [...(personal.problems ?? []), ...(commercial?.problems ?? [])]
  if (personal.problems || commercial?.problems) return { problems }
  const { cents, currency } = personal
  if (commercial && commercial.currency !== currency) {
    return { problems: [{ field: 'commercial_price.currency_code', description: 'must be that of price' }] }
  }
  if (commercial && commercial.cents < cents) {
    return { problems: [{ field: 'commercial_price', description: 'must not be less than price' }] }
  }
  return {
    columns: { price: amountText(cents), commercialPrice: commercial ? amountText(commercial.cents) : null, currency },
    problems: [],
  }
}

/** What is wrong with a category, which is one of those that prompts have, or empty. */
export async function categoryProblems(
  { prompts }: Pick<Remote, 'prompts'>,
  category: string,
  { origin }: Call,
): Promise<Violation[]> {
  if (category === '') return []
  const { categories } = await prompts.listCategories({}, forward(origin))
  if (categories.some(({ name }) => name === category)) return []
  return [{ field: 'category', description: 'is not a category: see ListCategories' }]
}

/** Throws one INVALID_ARGUMENT for all that is wrong. */
export function throwProblems({ category, others }: { category: Violation[]; others: Violation[] }): void {
  if (others.length > 0) throw invalid([...others, ...category])
  if (category.length > 0) throw invalid(category, 'CATEGORY_UNKNOWN')
}
