import type { Violation } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { changedText } from '#chassis/revise.ts'
import type { UpdateListingRequest } from '#contracts/gen/promptforge/marketplace/v1/listing_service.ts'
import type { Deps } from '../context.ts'
import type { Terms } from '../listing.ts'
import type { ListingEntity } from '../sales/events.ts'
import {
  categoryProblems,
  checkNotPublic,
  readPrices,
  readVersions,
  sellableVersions,
  throwProblems,
} from './check-listing.ts'
import { toMoney } from './money.ts'
import { readSamples } from './samples.ts'

/** The terms of a listing with the change in them. Throws as CreateListing for what cannot be sold like that. */
export async function wantedTerms(
  { config, remote }: Pick<Deps, 'config' | 'remote'>,
  request: UpdateListingRequest,
  known: ListingEntity,
  call: Call,
): Promise<Terms> {
  const { promptId } = known
  const sellable = await sellableVersions(remote, promptId, call)
  const { problems, promptVersion, minVersion } = readVersions(wantedVersions(request, known), sellable)
  const prices = wantedPrices(request, known, config.sales.leastPrice)
  const wrong = await categoryProblems(remote, request.category ?? '', call)
  throwProblems({ category: wrong, others: [...problems, ...prices.problems] })
  checkNotPublic(promptVersion, sellable)
  const isSameVersion = promptVersion === known.promptVersion
  const samples = request.samples
    ? await readSamples(remote, request.samples.testIds, { promptId, promptVersion }, call)
    : isSameVersion
      ? known.samples
      : []
  return {
    title: request.title ?? known.title,
    description: changedText(known.description, request.description),
    category: changedText(known.category, request.category),
    price: prices.columns!.price,
    commercialPrice: prices.columns!.commercialPrice,
    promptVersion,
    minVersion,
    includesUpdates: request.includesUpdates ?? known.includesUpdates,
    samples,
  }
}

const wantedVersions = (request: UpdateListingRequest, known: ListingEntity) => ({
  promptVersion: request.promptVersion ?? known.promptVersion,
  minVersion: request.minVersion ?? (request.promptVersion === undefined ? known.minVersion : 0),
})

/** The prices of a listing with the change in them. Those that stay are not judged again: the least price may have risen. */
function wantedPrices(
  { price, commercialPrice, withoutCommercial }: UpdateListingRequest,
  known: ListingEntity,
  leastCents: number,
): ReturnType<typeof readPrices> {
  const { currency } = known
  const commercialNow = known.commercialPrice ?? null
  if (!price && !commercialPrice) {
    const columns = { price: known.price, commercialPrice: withoutCommercial ? null : commercialNow, currency }
    return { columns, problems: [] }
  }
  const kept = withoutCommercial || commercialNow === null ? undefined : toMoney(commercialNow, currency)
  const read = readPrices(
    { price: price ?? toMoney(known.price, currency), commercialPrice: commercialPrice ?? kept },
    leastCents,
  )
  const problems: Violation[] = [
    ...read.problems,
    ...(price && price.currencyCode !== currency
      ? [{ field: 'price.currency_code', description: `must stay ${currency}: make a new listing to sell in another` }]
      : []),
    ...(commercialPrice && withoutCommercial
      ? [{ field: 'without_commercial', description: 'must not be set together with commercial_price' }]
      : []),
  ]
  return problems.length > 0 ? { problems } : read
}
