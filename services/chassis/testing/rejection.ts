import type { ServiceError } from '@grpc/grpc-js'
import { readStatus } from '../grpc/status.ts'

/** What a call failed with, read as a client reads it. Throws when the call succeeds. */
export async function rejection(call: Promise<unknown>): Promise<ReturnType<typeof readStatus>> {
  const error = await call.then(
    () => undefined,
    (thrown: ServiceError) => thrown,
  )
  if (!error) throw new Error('the call succeeded, and should have failed')
  return readStatus(error)
}
