import { describe, expect, test } from '@jest/globals'
import { changeTerms, checkChangeable, searchOf, withdraw } from './listing.ts'

const NOW = new Date('2030-01-01T00:00:00Z')

const listing = () => ({
  status: 'ACTIVE' as 'ACTIVE' | 'SOLD' | 'REMOVED',
  reservedTx: null as string | null,
  revision: 3,
  updatedAt: null as Date | null,
  search: 'before',
  title: 'Title',
  description: null as string | null,
  category: 'writing',
  price: '19.99',
  commercialPrice: null,
  promptVersion: 2,
  minVersion: 1,
  includesUpdates: false,
  samples: [{ values: { a: 'b' }, response: 'out', modelProvider: 'p', modelName: 'm' }],
})
const termsOf = ({ title, description, category, price, commercialPrice, ...more }: ReturnType<typeof listing>) => ({
  title,
  description,
  category,
  price,
  commercialPrice,
  promptVersion: more.promptVersion,
  minVersion: more.minVersion,
  includesUpdates: more.includesUpdates,
  samples: more.samples.map((sample) => ({ ...sample, values: { ...sample.values } })),
})

describe('a change', () => {
  test('raises the revision, and with it what the listing is found by', () => {
    const changed = listing()
    const terms = { ...termsOf(changed), title: 'New', description: 'Words' }
    expect(changeTerms(changed, terms, NOW)).toBe(true)
    expect(changed).toMatchObject({ ...terms, revision: 4, updatedAt: NOW, search: searchOf(terms) })
  })

  test('to the same terms is none', () => {
    const same = listing()
    expect(changeTerms(same, termsOf(same), NOW)).toBe(false)
    expect(same).toEqual(listing())
  })

  test('of one sample is one', () => {
    const changed = listing()
    expect(changeTerms(changed, { ...termsOf(changed), samples: [] }, NOW)).toBe(true)
    expect(changed).toMatchObject({ samples: [], revision: 4 })
  })
})

describe('an active listing can be changed', () => {
  test('whatever its state, or by its etag', () => {
    expect(() => checkChangeable(listing(), undefined)).not.toThrow()
    expect(() => checkChangeable(listing(), '3')).not.toThrow()
  })

  test.each([
    ['when the etag is of another state', {}, '2', 'ETAG_STALE'],
    ['when the etag is none', {}, '03', 'ETAG_STALE'],
    ['while its only licence is being paid', { reservedTx: 'x' }, '3', 'LISTING_RESERVED'],
    ['when it was sold', { status: 'SOLD' as const }, '3', 'LISTING_NOT_ACTIVE'],
    ['when it was removed, whatever the etag', { status: 'REMOVED' as const }, '1', 'LISTING_NOT_ACTIVE'],
  ])('but not %s', (_, state, etag, reason) => {
    expect(() => checkChangeable({ ...listing(), ...state }, etag)).toThrow(expect.objectContaining({ reason }))
  })
})

describe('removing', () => {
  test('ends an active listing once, also while it is being paid', () => {
    const removed = { ...listing(), reservedTx: 'x' }
    expect(withdraw(removed, NOW)).toBe(true)
    expect(removed).toMatchObject({ status: 'REMOVED', reservedTx: 'x', revision: 4, updatedAt: NOW })
    expect(withdraw(removed, NOW)).toBe(false)
    expect(removed.revision).toBe(4)
  })

  test('is refused for what was sold', () => {
    const sold = { ...listing(), status: 'SOLD' as const }
    expect(() => withdraw(sold, NOW)).toThrow(expect.objectContaining({ reason: 'LISTING_NOT_ACTIVE' }))
  })
})
