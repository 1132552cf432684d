import { staleEtag } from '#chassis/errors.ts'
import { revise } from '#chassis/revise.ts'
import { searchVector } from '#chassis/search/vector.ts'
import type { ListingSample } from '#contracts/gen/promptforge/marketplace/v1/listing.ts'
import { listingNotActive, listingReserved } from './purchase.ts'

/** What of a listing can change. Prices are as DECIMAL(10,2) says them. */
export type Terms = {
  title: string
  description?: string | null
  category?: string | null
  price: string
  commercialPrice?: string | null
  promptVersion: number
  minVersion: number
  includesUpdates: boolean
  samples: ListingSample[]
}

/** The part of a listing that decides whether it can be changed. */
type Standing = { status: 'ACTIVE' | 'SOLD' | 'REMOVED'; reservedTx?: string | null; revision: number }

/** What changes of a listing, in place. */
type Changeable = Standing & Terms & { updatedAt?: Date | null; search?: string }

/** Throws why the seller cannot change a listing now; `etag` is of the state that they know, undefined for any. */
export function checkChangeable({ status, reservedTx, revision }: Standing, etag: string | undefined): void {
  if (status !== 'ACTIVE') throw listingNotActive()
  if (etag !== undefined && etag !== String(revision)) throw staleEtag(String(revision))
  if (reservedTx) throw listingReserved()
}

/** Changes the terms of a listing in place, and what it is found by. Answers whether anything is another than before. */
export function changeTerms(listing: Changeable, terms: Terms, now: Date): boolean {
  const isChanged = revise<Changeable>(listing, terms, now)
  if (isChanged) listing.search = searchOf(terms)
  return isChanged
}

/** Ends a listing that nothing was sold of exclusively, in place. Answers whether it was active. Throws FAILED_PRECONDITION for one that was sold. */
export function withdraw(listing: Standing & { updatedAt?: Date | null }, now: Date): boolean {
  if (listing.status === 'SOLD') throw listingNotActive()
  return revise<typeof listing>(listing, { status: 'REMOVED' }, now)
}

/** Whether anyone may read the version that is sold. `publicFrom` is the first such version: all later ones are public, and none before it. */
export const isPublic = (promptVersion: number, publicFrom: number): boolean => promptVersion >= publicFrom

/** What a listing is found by. */
export const searchOf = ({ title, description, category }: Pick<Terms, 'title' | 'description' | 'category'>): string =>
  searchVector({ title, tags: category ? [category] : [], description: description ?? null })
