import type { PublicCall } from '#chassis/grpc/call.ts'
import type { ListFollowersRequest } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import type { Deps } from '../context.ts'
import { followsPage } from './follows-page.ts'

export const listFollowers =
  ({ pageTokens }: Pick<Deps, 'pageTokens'>) =>
  (request: ListFollowersRequest, call: PublicCall) =>
    followsPage('ListFollowers', request, { pageTokens, call })
