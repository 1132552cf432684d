import { createHash } from 'node:crypto'
import type { Metadata } from '@grpc/grpc-js'
import type { IdempotencyKey } from '../db/idempotency.ts'
import { invalid } from '../errors.ts'
import type { Rpc } from './call.ts'
import { header } from './request.ts'

/** The key of a call: from the field or from the `Idempotency-Key` header. Throws INVALID_ARGUMENT when they differ. */
export function idempotencyKey(
  rpc: Rpc,
  request: Record<string, unknown>,
  callerId: string,
  metadata: Metadata,
): IdempotencyKey | undefined {
  const sent = header(metadata, 'idempotency-key')
  const key = (request['requestId'] ?? sent) as string | undefined
  if (key === undefined) return undefined
  if (!UUID.test(key))
    throw invalid([{ field: 'request_id', description: 'the Idempotency-Key header must be a lower-case UUID' }])
  if (sent !== undefined && sent !== key) {
    const description = 'the field and the Idempotency-Key header must not differ'
    throw invalid([{ field: 'request_id', description }], 'REQUEST_ID_CONFLICT')
  }
  const { requestId: _, ...rest } = request
  const requestHash = createHash('sha256').update(rpc.requestSerialize(rest)).digest()
  return { callerId, method: rpc.path, key, requestHash }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
