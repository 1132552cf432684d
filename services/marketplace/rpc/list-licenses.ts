import { cursorAfter, rangeAfter } from '#chassis/db/newest-first.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { readPage } from '#chassis/page-token.ts'
import {
  type ListLicensesRequest,
  ListLicensesRequest_Role as Role,
} from '#contracts/gen/promptforge/marketplace/v1/license_service.ts'
import type { Deps } from '../context.ts'
import { listBought, listSold } from '../db/licenses.ts'
import { toLicense } from './view.ts'

export const listLicenses =
  ({ pageTokens }: Pick<Deps, 'pageTokens'>) =>
  async (request: ListLicensesRequest, { sql, caller: { userId } }: Call) => {
    const { role, promptId = null, pageSize, pageToken } = request
    const side = role === Role.SELLER ? 'SELLER' : 'BUYER'
    const asked = { scope: ['ListLicenses', userId, side, promptId], pageSize, pageToken }
    const { page, nextPageToken } = await readPage(pageTokens, asked, cursorAfter, (cursor, limit) =>
      sql(side === 'SELLER' ? listSold : listBought, { userId, promptId, ...rangeAfter(cursor, limit) }),
    )
    return { licenses: page.map(toLicense), nextPageToken }
  }
