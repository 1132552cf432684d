import { type AppError, failedPrecondition, invalid } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { license_TypeToJSON } from '#contracts/gen/promptforge/marketplace/v1/license.ts'
import type { PurchaseListingRequest } from '#contracts/gen/promptforge/marketplace/v1/purchase_service.ts'
import type { Deps } from '../context.ts'
import { getLicenseOf } from '../db/licenses.ts'
import { getTransaction } from '../db/transactions.ts'
import type { LicenseType } from '../purchase.ts'
import { keyOf } from '../sales/licenses.ts'
import { beginPurchase, type Purchase } from './begin-purchase.ts'
import { readMoney } from './money.ts'
import { untilEnded } from './until-ended.ts'
import { toLicense, toTransaction } from './view.ts'

export const purchaseListing =
  ({ config, payments, sales, keys }: Pick<Deps, 'config' | 'payments' | 'sales' | 'keys'>) =>
  async (request: PurchaseListingRequest, call: Call) => {
    const purchase = readPurchase(request, call)
    if (!payments.isConfigured) throw paymentsNotConfigured()
    const { id, isNew } = await beginPurchase(purchase, call, config.sales.feeBps)
    const { cents: amount, currency, paymentMethod } = purchase
    const paying = isNew ? sales.pay({ id, price: { amount, currency }, paymentMethod }, call.origin) : undefined
    await untilEnded(call, paying, async () => (await call.sql(getTransaction, { id }))[0]?.status !== 'PENDING')
    const [[transaction], [license]] = await Promise.all([
      call.sql(getTransaction, { id }),
      call.sql(getLicenseOf, { transactionId: id }),
    ])
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
