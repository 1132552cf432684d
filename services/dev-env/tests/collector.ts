import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'

/** Where services send their spans. */
export type Collector = {
  /** For PF_OTLP_ENDPOINT. */
  endpoint: string
  /**
   * What has arrived of a trace, as a tree: a line `<service> <span>` for each span, two spaces deeper than the one that caused it. Lines that would be
   * the same as one beside them are left out, for events may be handled in one go or in several.
   */
  treeOf(traceId: string): string
  close(): void
}

type Span = { traceId: string; id: string; parentId: string; name: string }

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
    treeOf: (traceId) => treeOf(spans.filter((span) => span.traceId === traceId)),
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
      traceId: hex(members(span, 1)[0]!),
      id: hex(members(span, 2)[0]!),
      parentId: hex(members(span, 4)[0] ?? new Uint8Array()),
      name: `${service} ${text(members(span, 5)[0]!)}`,
    }))
  })
}

function treeOf(spans: Span[]): string {
  const ids = new Set(spans.map(({ id }) => id))
  const below = (parents: Span[], indent: string): string[] => {
    const names = [...new Set(parents.map(({ name }) => name))].toSorted()
    return names.flatMap((name) => {
      const same = new Set(parents.filter((span) => span.name === name).map(({ id }) => id))
      return [
        `${indent}${name}`,
        ...below(
          spans.filter(({ parentId }) => same.has(parentId)),
          `${indent}  `,
        ),
      ]
    })
  }
  return below(
    spans.filter(({ parentId }) => !ids.has(parentId)),
    '',
  ).join('\n')
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

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()
