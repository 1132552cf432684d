import type { PublicCall } from '#chassis/grpc/call.ts'
import type { GetJwksRequest } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import type { Deps } from '../context.ts'

export const getJwks =
  ({ keys }: Pick<Deps, 'keys'>) =>
  async (_: GetJwksRequest, { setHeader }: PublicCall) => {
    const { json, etag, cacheSeconds } = await keys.keySet()
    setHeader('etag', etag)
    setHeader('cache-control', `public, max-age=${cacheSeconds}`)
    return { contentType: 'application/json', data: json, extensions: [] }
  }
