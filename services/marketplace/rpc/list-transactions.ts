import { cursorAfter, rangeAfter } from '#chassis/db/newest-first.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { readPage } from '#chassis/page-token.ts'
import {
  type ListTransactionsRequest,
  ListTransactionsRequest_Role as Role,
} from '#contracts/gen/promptforge/marketplace/v1/purchase_service.ts'
import type { Deps } from '../context.ts'
import { listPurchases, listSales } from '../db/transactions.ts'
import { toTransaction } from './view.ts'

export const listTransactions =
  ({ pageTokens }: Pick<Deps, 'pageTokens'>) =>
  async ({ pageSize, pageToken, role }: ListTransactionsRequest, { sql, caller: { userId } }: Call) => {
    const isSeller = role === Role.SELLER
    const asked = { scope: ['ListTransactions', userId, isSeller], pageSize, pageToken }
    const { page, nextPageToken } = await readPage(pageTokens, asked, cursorAfter, (cursor, limit) =>
      sql(isSeller ? listSales : listPurchases, { userId, ...rangeAfter(cursor, limit) }),
    )
    return { transactions: page.map((row) => toTransaction(row, userId)), nextPageToken }
  }
