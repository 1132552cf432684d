import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'

/** Where services send their spans. */
export type Collector = {
  /** For PF_OTLP_ENDPOINT. */
  endpoint: string
  /** What has arrived of a trace: `<service> <span>`. */
  spansOf(traceId: string): string[]
  close(): void
}

type Span = { traceId: string; name: string }

/** Starts one that takes OTLP over HTTP, as protobuf. */
export async function startCollector(): Promise<Collector> {
  const spans: Span[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      spans.push(...readSpans(Buffer.concat(chunks)))
      response.end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`,
    spansOf: (traceId) => spans.filter((span) => span.traceId === traceId).map(({ name }) => name),
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

// The numbers are those of opentelemetry/proto/trace/v1/trace.proto and its neighbours.
function readSpans(request: Uint8Array): Span[] {
  return members(request, 1).flatMap((resourceSpans) => {
    const attributes = members(resourceSpans, 1).flatMap((resource) => members(resource, 1))
    const isName = (attribute: Uint8Array) => text(members(attribute, 1)[0]!) === 'service.name'
    const service = text(members(members(attributes.find(isName)!, 2)[0]!, 1)[0]!)
    const spans = members(resourceSpans, 2).flatMap((scopeSpans) => members(scopeSpans, 2))
    return spans.map((span) => ({
      traceId: Buffer.from(members(span, 1)[0]!).toString('hex'),
      name: `${service} ${text(members(span, 5)[0]!)}`,
    }))
  })
}

/** The members of a message that have a number and are texts, bytes or messages. */
function members(message: Uint8Array, number: number): Uint8Array[] {
  const reader = new BinaryReader(message)
  const found: Uint8Array[] = []
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag()
    if (field === number && type === WireType.LengthDelimited) found.push(reader.bytes())
    else reader.skip(type, field)
  }
  return found
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()
