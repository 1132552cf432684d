import type { PublicCall } from '#chassis/grpc/call.ts'
import { answerKeySet } from '#chassis/signing/answer-key-set.ts'
import type { GetJwksRequest } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import type { Deps } from '../context.ts'

export const getJwks =
  ({ keys }: Pick<Deps, 'keys'>) =>
  (_: GetJwksRequest, call: PublicCall) =>
    answerKeySet(keys, call)
