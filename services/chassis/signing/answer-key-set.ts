import type { HttpBody } from '#contracts/gen/google/api/httpbody.ts'
import type { PlainCall } from '../grpc/call.ts'
import type { KeyRing } from './key-ring.ts'

/** The handler of an RPC that answers with the public key set, an RFC 7517 document; its headers say how long it may be cached. */
export const answerKeySet =
  (keys: Pick<KeyRing, 'keySet'>) =>
  async (_: object, { setHeader }: Pick<PlainCall, 'setHeader'>): Promise<HttpBody> => {
    const { json, etag, cacheSeconds } = await keys.keySet()
    setHeader('etag', etag)
    setHeader('cache-control', `public, max-age=${cacheSeconds}`)
    return { contentType: 'application/json', data: json, extensions: [] }
  }
