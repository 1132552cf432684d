import type { Call } from '#chassis/grpc/call.ts'
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
  const waiting = AbortSignal.any([signal, AbortSignal.timeout(WAIT_MS)])
  if (work) {
    const done = new AbortController()
    void work.finally(() => done.abort())
    return pause(WAIT_MS, AbortSignal.any([waiting, done.signal]))
  }
  while (!waiting.aborted && !(await hasEnded())) await pause(LOOK_MS, waiting)
}
