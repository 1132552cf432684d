import type { Metadata, ServerInterceptingCall, ServerInterceptor } from '@grpc/grpc-js'
import { type AppError, badTimeout, compressedRequest } from '../errors.ts'
import { requestIdOf } from './request.ts'
import { type GrpcStatus, toStatus } from './status.ts'

// @NOTE grpc-js 1.14.7 reads `grpc-encoding` and `grpc-timeout` before any interceptor and takes them out of the metadata. These members
// of its innermost call, which the first interceptor gets, are not public: should they change, tests/refused-calls.test.ts fails.
type InnermostCall = {
  incomingEncoding: string
  metadata: Metadata
  sendStatus(status: Partial<GrpcStatus>): void
}

/** How grpc-js begins its answer to a deadline that it cannot read, which it calls INTERNAL. */
const BAD_TIMEOUT = 'Invalid grpc-timeout value'

/**
 * Refuses what grpc-js would take or call a fault of ours: a compressed request, because 4 KiB of it become 4 MiB, before any of it is
 * decompressed; and a deadline that cannot be read. Both are INVALID_ARGUMENT.
 */
export const refuseUnreadable: ServerInterceptor = (_method, call) => {
  const innermost = call as unknown as InnermostCall
  const { incomingEncoding, metadata } = innermost
  const send = innermost.sendStatus.bind(innermost)
  const refuse = (error: AppError) => send(toStatus(error, requestIdOf(metadata)))
  if (incomingEncoding !== 'identity') refuse(compressedRequest())
  innermost.sendStatus = (sent) => (sent.details?.startsWith(BAD_TIMEOUT) ? refuse(badTimeout()) : send(sent))
  return call as ServerInterceptingCall
}
