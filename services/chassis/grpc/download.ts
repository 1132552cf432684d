import { HttpBody } from '#contracts/gen/google/api/httpbody.ts'
import { exhausted } from '../errors.ts'
import type { PlainCall, SignedIn, Streaming } from './call.ts'

/** Milliseconds after which a call that was refused may succeed. */
const RETRY_MS = 5000

/** Bytes at which a message is sent. What reaches them may be longer: a part is never divided. */
const MESSAGE_BYTES = 256 * 1024

/** A file that callers download. */
export type Download = {
  /** What it has of the caller, for errors: `prompts`. */
  noun: string
  /** As which a browser stores it: `prompts.ndjson`. */
  filename: string
  contentType: string
  /** Downloads that this replica serves at once. */
  most: number
}

/** Sends the parts of a file in messages, at the pace at which the caller reads. */
export type SendFile = (call: Streaming<SignedIn<PlainCall>>, parts: AsyncIterable<string>) => AsyncGenerator<HttpBody>

/**
 * Makes the downloads of an RPC that answers with a stream of `google.api.HttpBody`. A caller has one at a time: a second one, and one that is too many
 * for this replica, is RESOURCE_EXHAUSTED. A download cannot be continued elsewhere, so it goes on while the server shuts down, for as long as that waits.
 */
export function downloads({ noun, filename, contentType, most }: Download): SendFile {
  const running = new Set<string>()
  return async function* (call, parts) {
    const { userId } = call.caller
    if (running.has(userId))
      throw exhausted('OVERLOADED', `you are downloading your ${noun} already: wait until that has ended`, RETRY_MS)
    if (running.size >= most)
      throw exhausted('OVERLOADED', `too many users are downloading their ${noun} at the moment`, RETRY_MS)
    running.add(userId)
    try {
      call.setHeader('content-disposition', `attachment; filename="${filename}"`)
      call.setHeader('cache-control', 'no-store')
      for await (const data of inMessages(parts)) yield HttpBody.fromPartial({ contentType, data })
    } finally {
      running.delete(userId)
    }
  }
}

async function* inMessages(texts: AsyncIterable<string>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  let bytes = 0
  for await (const text of texts) {
    const part = Buffer.from(text)
    parts.push(part)
    bytes += part.length
    if (bytes < MESSAGE_BYTES) continue
    yield Buffer.concat(parts)
    parts = []
    bytes = 0
  }
  if (bytes > 0) yield Buffer.concat(parts)
}
