import { type AppError, failedPrecondition, invalid } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { pause } from '#chassis/pause.ts'
import { license_TypeToJSON } from '#contracts/gen/promptforge/marketplace/v1/license.ts'
import type { PurchaseListingRequest } from '#contracts/gen/promptforge/marketplace/v1/purchase_service.ts'
import type { Deps } from '../context.ts'
import { getLicenseOf } from '../db/licenses.ts'
import { getTransaction } from '../db/transactions.ts'
import type { LicenseType } from '../purchase.ts'
import { keyOf } from '../sales/licenses.ts'
import { beginPurchase, type Purchase } from './begin-purchase.ts'
import { readMoney } from './money.ts'
import { toLicense, toTransaction } from './view.ts'

/** Milliseconds for which a caller waits for the payment provider. */
const WAIT_MS = 7500

/** Milliseconds between two looks at a purchase that somebody else pays. */
const LOOK_MS = 100

export const purchaseListing =
  ({ config, payments, sales, keys }: Pick<Deps, 'config' | 'payments' | 'sales' | 'keys'>) =>
  async (request: PurchaseListingRequest, call: Call) => {
    const purchase = readPurchase(request, call)
    if (!payments.isConfigured) throw paymentsNotConfigured()
    const { id, isNew } = await beginPurchase(purchase, call, config.sales.feeBps)
    const { cents: amount, currency, paymentMethod } = purchase
    await untilEnded(
      id,
      call,
      isNew ? sales.pay({ id, price: { amount, currency }, paymentMethod }, call.origin) : undefined,
    )
    const [transaction] = await call.sql(getTransaction, { id })
    const [license] = await call.sql(getLicenseOf, { transactionId: id })
    return {
      transaction: toTransaction(transaction!, call.caller.userId),
      license: license && toLicense(license),
      licenseKey: license ? keyOf(license, keys.vault) : '',
    }
  }

/** FAILED_PRECONDITION: without a payment provider there is nothing to pay with. */
export const paymentsNotConfigured = (): AppError =>
  failedPrecondition(
    'PAYMENTS_NOT_CONFIGURED',
    'nothing can be bought or given back here: no payment provider is configured',
  )

function readPurchase(request: PurchaseListingRequest, { idempotencyKey }: Call): Purchase {
  const { listingId, paymentMethod } = request
  const price = readMoney('expected_price', request.expectedPrice!)
  const problems = [
    ...(price.problems ?? []),
    ...(idempotencyKey
      ? []
      : [{ field: 'request_id', description: 'is required, so that a purchase that is repeated is paid once' }]),
  ]
  if (price.problems || !idempotencyKey) throw invalid(problems)
  const licenseType = license_TypeToJSON(request.licenseType) as LicenseType
  return { listingId, licenseType, paymentMethod, ...price, requestId: idempotencyKey.key }
}

/** Waits until a purchase has ended, at most as long as a caller waits. `paying` is the work of whoever pays it here; it goes on afterwards. */
async function untilEnded(id: string, { sql, signal }: Call, paying: Promise<void> | undefined): Promise<void> {
  const waiting = AbortSignal.any([signal, AbortSignal.timeout(WAIT_MS)])
  if (paying) {
    const done = new AbortController()
    void paying.finally(() => done.abort())
    return pause(WAIT_MS, AbortSignal.any([waiting, done.signal]))
  }
  while (!waiting.aborted) {
    const [transaction] = await sql(getTransaction, { id })
    if (transaction!.status !== 'PENDING') return
    await pause(LOOK_MS, waiting)
  }
}
