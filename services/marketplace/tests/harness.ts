import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { notFound } from '#chassis/errors.ts'
import type { Outgoing } from '#chassis/grpc/client.ts'
import type { Logger } from '#chassis/logger.ts'
import type { TestDatabase } from '#chassis/testing/database.ts'
import { startTestService } from '#chassis/testing/service.ts'
import type { Entitlement } from '#contracts/gen/promptforge/marketplace/v1/license.ts'
import { License_Type } from '#contracts/gen/promptforge/marketplace/v1/license.ts'
import { LicenseServiceService } from '#contracts/gen/promptforge/marketplace/v1/license_service.ts'
import {
  type CreateListingRequest,
  ListingServiceService,
} from '#contracts/gen/promptforge/marketplace/v1/listing_service.ts'
import { PaymentWebhookServiceService } from '#contracts/gen/promptforge/marketplace/v1/payment_webhook_service.ts'
import {
  type PurchaseListingRequest,
  PurchaseServiceService,
} from '#contracts/gen/promptforge/marketplace/v1/purchase_service.ts'
import { SellerServiceService } from '#contracts/gen/promptforge/marketplace/v1/seller_service.ts'
import { Access_Kind } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import { type PaymentProvider, startPayments } from '../../dev-env/payments/start.ts'
import { createContext, type Remote } from '../context.ts'
import { marketplaceService } from '../service.ts'

/** Somebody who calls. */
export type Person = { userId: string; as: Outgoing }

/** A prompt of the prompt service, of which this one asks. */
export type KnownPrompt = { ownerId: string; headVersion: number; publicFrom?: number; resaleRestricted?: boolean }

const PAYMENTS = { key: 'sk_test_marketplace', webhookSecret: 'whsec_marketplace' }

/** What the schema has no default for. */
export const TEST_ENV = {
  PF_LICENSE_KEY_SECRET: 'a secret for licence keys in tests of this',
  PF_LICENSE_SIGNING_KEY_SECRET: 'a secret for signing keys in tests of this',
}

/** The least of an amount of money. */
export const usd = (cents: number) => ({
  currencyCode: 'USD',
  units: BigInt(Math.trunc(cents / 100)),
  nanos: (cents % 100) * 10_000_000,
})

/**
 * The real marketplace service on a database of its own, with a payment provider as a process of its own that speaks Stripe's API. The prompt service and
 * the test service are what the test says of them: `prompts`, and the entitlements that it was told of are in `entitlements`, with the calls that told it in `tellings`.
 */
export async function startMarketplace(
  options: {
    natsUrl?: string
    env?: Record<string, string>
    log?: Logger
    /** Without a payment provider. */
    withoutPayments?: true
    /** One more replica of this one. */
    replicaOf?: { database: TestDatabase; payments: PaymentProvider }
  } = {},
) {
  const folder = join(process.env['PF_TEST_FOLDER']!, `payments-${randomUUID().slice(0, 8)}`)
  mkdirSync(folder)
  const payments = options.replicaOf?.payments ?? (await startPayments({ ...PAYMENTS, port: 0, folder }))
  const prompts = new Map<string, KnownPrompt>()
  const entitlements: Entitlement[] = []
  const tellings: Outgoing[] = []
  const samples: Samples = new Map()
  const env: Record<string, string> = {
    ...TEST_ENV,
    ...(options.natsUrl && { PF_NATS_URL: options.natsUrl }),
    ...(!options.withoutPayments && {
      PF_PAYMENTS_URL: payments.url,
      PF_PAYMENTS_KEY: PAYMENTS.key,
      PF_PAYMENTS_WEBHOOK_SECRET: PAYMENTS.webhookSecret,
    }),
    ...options.env,
  }
  const definition: typeof marketplaceService = {
    ...marketplaceService,
    context: (base) => createContext(base, remoteOf(prompts, samples, entitlements, tellings)),
  }
  const service = await startTestService(definition, {
    env,
    ...(options.replicaOf && { database: options.replicaOf.database }),
    ...(options.log && { overrides: { log: options.log } }),
  })
  const listings = service.stub(ListingServiceService)
  const purchases = service.stub(PurchaseServiceService)

  /** Somebody with a token. */
  const person = async (username: string, role?: 'USER' | 'MODERATOR' | 'ADMIN'): Promise<Person> => {
    const userId = v7()
    return { userId, as: { token: await service.identity.tokenFor({ userId, username, ...(role && { role }) }) } }
  }

  /** Has the prompt service know a prompt of somebody's, private, at version 3. */
  const promptOf = ({ userId: ownerId }: Pick<Person, 'userId'>, more: Partial<KnownPrompt> = {}): string => {
    const promptId = v7()
    prompts.set(promptId, { ownerId, headVersion: 3, ...more })
    return promptId
  }

  /** Lists a new prompt of somebody's, for 19.99; what is not given is ordinary. */
  const list = async (seller: Person, fields: Partial<CreateListingRequest> = {}) => {
    const request: CreateListingRequest = {
      promptId: fields.promptId ?? promptOf(seller),
      promptVersion: 0,
      minVersion: 0,
      includesUpdates: false,
      title: 'A prompt',
      description: '',
      category: '',
      price: usd(1999),
      commercialPrice: undefined,
      exclusive: false,
      sampleTestIds: [],
      ...fields,
    }
    return (await listings.createListing(request, seller.as)).listing!
  }

  /** Buys a PERSONAL licence for 19.99 with a card that works; what is not given is ordinary. */
  const buy = (buyer: Person, listingId: string, fields: Partial<PurchaseListingRequest> = {}) =>
    purchases.purchaseListing(
      {
        listingId,
        licenseType: License_Type.PERSONAL,
        paymentMethod: 'pm_card_visa',
        expectedPrice: usd(1999),
        requestId: randomUUID(),
        ...fields,
      },
      buyer.as,
    )

  return {
    ...service,
    env,
    payments,
    prompts,
    samples,
    entitlements,
    tellings,
    listings,
    purchases,
    licenses: service.stub(LicenseServiceService),
    sellers: service.stub(SellerServiceService),
    webhook: service.stub(PaymentWebhookServiceService),
    person,
    promptOf,
    list,
    buy,
    stop: async () => {
      await service.stop()
      if (!options.replicaOf) await payments.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** What `startMarketplace` answers with. */
export type Marketplace = Awaited<ReturnType<typeof startMarketplace>>

type Sample = NonNullable<Awaited<ReturnType<Remote['tests']['getSample']>>['sample']>
type Samples = Map<string, Partial<Sample> & Pick<Sample, 'promptId' | 'promptVersion'>>

// Who calls is known by the token that is passed on, which the test identity has made.
function remoteOf(
  prompts: Map<string, KnownPrompt>,
  samples: Samples,
  entitlements: Entitlement[],
  tellings: Outgoing[],
): Remote {
  return {
    access: {
      checkAccess: async ({ promptId }, outgoing) => {
        const prompt = prompts.get(promptId)
        const isOwner = prompt?.ownerId === callerOf(outgoing)
        if (!prompt || !(isOwner || prompt.publicFrom)) throw notFound('prompt')
        const { ownerId, headVersion, publicFrom, resaleRestricted = false } = prompt
        return {
          ownerId,
          headVersion,
          access: {
            kind: isOwner ? Access_Kind.OWNER : Access_Kind.PUBLIC,
            readableVersions: [{ from: 1, to: headVersion }],
          },
          lastChangedAt: new Date(),
          resaleRestricted,
          publicFromVersion: publicFrom,
        }
      },
      applyEntitlement: async ({ entitlement }, outgoing = {}) => {
        entitlements.push(entitlement!)
        tellings.push(outgoing)
        return {}
      },
    },
    prompts: {
      listCategories: async () => ({ categories: [{ name: 'writing', title: 'Writing', promptsCount: 0 }] }),
    },
    tests: {
      getSample: async ({ testId }) => {
        const sample = samples.get(testId)
        if (!sample) throw notFound('test')
        return {
          sample: {
            testId,
            modelProvider: 'sandbox',
            modelName: 'echo',
            values: {},
            response: 'An answer',
            usage: undefined,
            responseTimeMs: 1n,
            completedAt: new Date(),
            ...sample,
          },
        }
      },
    },
  }
}

/** The user of a token; it was verified before it was passed on. */
function callerOf(outgoing: Outgoing | undefined): string | undefined {
  const claims = outgoing?.token?.split('.')[1]
  return claims && (JSON.parse(Buffer.from(claims, 'base64url').toString()) as { sub: string }).sub
}
