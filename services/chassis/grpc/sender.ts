import { once } from 'node:events'
import type { Begun } from './admit.ts'
import type { RawStream } from './running-streams.ts'
import { unlessAborted } from './waiting.ts'

/**
 * Sends what a stream's handler yields. The headers go with the first message, or with the end when there is none: `setHeader` throws when
 * they have gone. A handler that fails before, however late, is answered as any other; after them REST cannot tell a failure by its status.
 */
export function createSender(raw: RawStream, { headers, signal }: Begun, onLateError: (error: unknown) => void) {
  let sent = false
  const sendHeaders = () => {
    if (!sent) raw.sendMetadata(headers)
    sent = true
  }
  const setHeader = (name: string, value: string) => {
    if (sent) throw new Error(`the headers have been sent: set ${name} before the first message`)
    headers.set(name, value)
  }
  /** Sends at the pace at which the client reads, until the handler ends. When `signal` is aborted it throws the signal's reason. */
  const send = async (messages: AsyncIterable<unknown>) => {
    signal.throwIfAborted()
    const iterator = messages[Symbol.asyncIterator]()
    try {
      for (;;) {
        const { done, value } = await unlessAborted(iterator.next(), signal)
        sendHeaders()
        if (done) return
        if (!raw.write(value)) await once(raw, 'drain', { signal })
        signal.throwIfAborted()
      }
    } catch (error) {
      // Not awaited: the handler may be waiting for something that has not heard of the signal.
      void end(iterator, onLateError)
      throw error
    }
  }
  return { setHeader, send }
}

async function end(iterator: AsyncIterator<unknown>, onLateError: (error: unknown) => void) {
  try {
    await iterator.return?.()
  } catch (error) {
    onLateError(error)
  }
}
