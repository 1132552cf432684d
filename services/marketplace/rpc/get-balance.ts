import type { Call } from '#chassis/grpc/call.ts'
import type { GetBalanceRequest } from '#contracts/gen/promptforge/marketplace/v1/seller_service.ts'
import { getBalances } from '../db/seller-money.ts'
import { toBalance } from './view.ts'

export const getBalance = async (_: GetBalanceRequest, { caller, sql }: Call) => {
  const rows = await sql(getBalances, { sellerId: caller.userId })
  return { balances: rows.map(toBalance) }
}
