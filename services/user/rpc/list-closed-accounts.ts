import type { PublicCall } from '#chassis/grpc/call.ts'
import type { ListClosedAccountsRequest } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import { closedAccountsPage } from '../db/closed-accounts.ts'

export const listClosedAccounts = async ({ pageToken }: ListClosedAccountsRequest, { sql }: PublicCall) => {
  const { userIds, apiKeyIds, next } = await closedAccountsPage(sql, pageToken)
  return { userIds: [...userIds], apiKeyIds: [...apiKeyIds], nextPageToken: next ?? '' }
}
