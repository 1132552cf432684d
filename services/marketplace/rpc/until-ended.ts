import type { Call } from '#chassis/grpc/call.ts'
import { unlessAborted } from '#chassis/grpc/waiting.ts'
import { pause } from '#chassis/pause.ts'

/** Milliseconds for which a caller waits for the payment provider. */
const WAIT_MS = 7500

/** Milliseconds between two looks at what somebody else does. */
const LOOK_MS = 100

/**
 * Waits until a payment or a refund has ended, at most as long as a caller waits. `work` is what is done for it here; it goes on afterwards. When somebody
 * else does it, `hasEnded` is asked again and again.
 */
export async function untilEnded(
  { signal }: Pick<Call, 'signal'>,
  work: Promise<void> | undefined,
  hasEnded: () => Promise<boolean>,
): Promise<void> {
  // A caller who has left gets no answer, whatever it is.
  if (work) return unlessAborted(work, signal, WAIT_MS).catch(() => undefined)
  const waiting = AbortSignal.any([signal, AbortSignal.timeout(WAIT_MS)])
  while (!waiting.aborted && !(await hasEnded())) await pause(LOOK_MS, waiting)
}
