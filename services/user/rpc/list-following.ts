import type { PublicCall } from '#chassis/grpc/call.ts'
import type { ListFollowingRequest } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import type { Deps } from '../context.ts'
import { followsPage } from './follows-page.ts'

export const listFollowing =
  ({ pageTokens }: Pick<Deps, 'pageTokens'>) =>
  (request: ListFollowingRequest, call: PublicCall) =>
    followsPage('ListFollowing', request, { pageTokens, call })
