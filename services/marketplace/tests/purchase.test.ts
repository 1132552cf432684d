import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { status } from '@grpc/grpc-js'
import { rejection } from '#chassis/testing/rejection.ts'
import { Listing_Status } from '#contracts/gen/promptforge/marketplace/v1/listing.ts'
import { Transaction_Status as Status } from '#contracts/gen/promptforge/marketplace/v1/transaction.ts'
import { type Marketplace, type Person, startMarketplace, usd } from './harness.ts'

let market: Marketplace
let seller: Person
let buyer: Person

beforeAll(async () => {
  market = await startMarketplace()
  seller = await market.person('ann')
  buyer = await market.person('bob')
})
afterAll(() => market.stop())

describe('PurchaseListing', () => {
  test('pays once, grants the licence at once, and tells the prompt service', async () => {
    const { listingId, promptId } = await market.list(seller)
    const { transaction, license, licenseKey } = await market.buy(buyer, listingId)
    expect(transaction).toMatchObject({
      listingId,
      promptId,
      buyerId: buyer.userId,
      sellerId: seller.userId,
      status: Status.COMPLETED,
      amount: usd(1999),
      fee: undefined,
      licenseId: license!.licenseId,
    })
    expect(license).toMatchObject({ promptId, minVersion: 3, maxVersion: 3, isActive: true, buyerId: buyer.userId })
    expect(licenseKey).toMatch(/^PF1(-[0-9A-HJKMNP-TV-Z]{5}){5}$/)
    const { charges } = await market.payments.control.of(transaction!.transactionId)
    expect(charges).toHaveLength(1)
    expect(market.entitlements.at(-1)).toMatchObject({ promptId, userId: buyer.userId, active: true })
    const { listing } = await market.listings.getListing({ listingId })
    expect(listing).toMatchObject({ salesCount: 1, status: Listing_Status.ACTIVE })
  })

  test('of sixteen identical ones at once is one purchase', async () => {
    const { listingId } = await market.list(seller)
    const requestId = randomUUID()
    const answers = await Promise.all(Array.from({ length: 16 }, () => market.buy(buyer, listingId, { requestId })))
    const ids = new Set(answers.map(({ transaction }) => transaction!.transactionId))
    expect(ids.size).toBe(1)
    for (const { transaction } of answers) expect(transaction!.status).toBe(Status.COMPLETED)
    const { charges } = await market.payments.control.of([...ids][0]!)
    expect(charges).toHaveLength(1)
  })

  test('that the bank declines is a failed transaction, and no licence', async () => {
    const { listingId } = await market.list(seller)
    const answer = await market.buy(buyer, listingId, { paymentMethod: 'pm_card_chargeDeclinedInsufficientFunds' })
    expect(answer).toMatchObject({
      transaction: { status: Status.FAILED, failureReason: 'insufficient_funds', licenseId: '' },
      license: undefined,
      licenseKey: '',
    })
    const again = await market.buy(buyer, listingId)
    expect(again.transaction!.status).toBe(Status.COMPLETED)
  })

  test('at another price than expected is refused, and costs nothing', async () => {
    const { listingId } = await market.list(seller)
    const error = await rejection(market.buy(buyer, listingId, { expectedPrice: usd(1998) }))
    expect(error).toMatchObject({ code: status.ABORTED, reason: 'PRICE_CHANGED' })
  })
})
