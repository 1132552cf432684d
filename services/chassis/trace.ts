import {
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Tracer,
} from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import type { Metadata } from '@grpc/grpc-js'

/** One service's part of distributed traces, by W3C `traceparent`. */
export type Tracing = {
  /** Begins the span of an incoming call, as a child of what its metadata says. */
  begin(method: string, metadata: Metadata): ActiveSpan
  /** Begins a span for handling events together: one in each sampled trace that caused some of them. */
  beginAll(name: string, causes: Context[]): { end(isFault: boolean): void }
  /** Sends what is left, and ends. */
  close(): Promise<void>
}

/** A span that has begun. */
export type ActiveSpan = {
  /** For the spans below it. */
  context: Context
  /** Ends it; `code` is the name of the gRPC status. */
  end(code: string, isFault: boolean): void
}

const propagator = new W3CTraceContextPropagator()
const setter = { set: (metadata: Metadata, key: string, value: string) => metadata.set(key, value) }
const getter = {
  get: (metadata: Metadata, key: string) => metadata.get(key).map(String),
  keys: (metadata: Metadata) => Object.keys(metadata.getMap()),
}

/**
 * Spans are made by hand, one a call: instrumenting grpc-js costs a third of its throughput. Without an endpoint none are
 * made, and the caller's `traceparent` is still passed on.
 */
export async function createTracing(
  service: string,
  { endpoint, ratio }: { endpoint: string; ratio: number },
): Promise<Tracing> {
  const provider = endpoint === '' ? undefined : await createProvider(service, endpoint, ratio)
  const tracer: Tracer = (provider ?? trace).getTracer('promptforge')
  return {
    begin: (method, metadata) => {
      const parent = propagator.extract(ROOT_CONTEXT, metadata, getter)
      if (!provider) return { context: parent, end: () => undefined }
      const span = tracer.startSpan(
        method.slice(1),
        { kind: SpanKind.SERVER, attributes: { 'rpc.system': 'grpc' } },
        parent,
      )
      return { context: trace.setSpan(parent, span), end: (code, isFault) => endSpan(span, code, isFault) }
    },
    beginAll: (name, causes) => {
      const sampled = provider ? onePerTrace(causes) : []
      const spans = sampled.map((cause) => tracer.startSpan(name, { kind: SpanKind.CONSUMER }, cause))
      return {
        end: (isFault) => {
          for (const span of spans) {
            if (isFault) span.setStatus({ code: SpanStatusCode.ERROR })
            span.end()
          }
        },
      }
    },
    close: async () => provider?.shutdown(),
  }
}

/** Writes the trace context into the metadata of an outgoing call. */
export const injectTrace = (context: Context, metadata: Metadata) => propagator.inject(context, metadata, setter)

/** The `traceparent` of a context, to be kept with what it caused; undefined outside of a trace. */
export function traceparentOf(context: Context): string | undefined {
  const carrier: { traceparent?: string } = {}
  propagator.inject(context, carrier, defaultTextMapSetter)
  return carrier.traceparent
}

/** The reverse of `traceparentOf`; outside of a trace for an empty one. */
export const readTraceparent = (traceparent: string): Context =>
  traceparent === '' ? ROOT_CONTEXT : propagator.extract(ROOT_CONTEXT, { traceparent }, defaultTextMapGetter)

function onePerTrace(causes: Context[]): Context[] {
  const byTrace = new Map<string, Context>()
  for (const cause of causes) {
    const span = trace.getSpanContext(cause)
    if (span && isSpanContextValid(span) && span.traceFlags & TraceFlags.SAMPLED) byTrace.set(span.traceId, cause)
  }
  return [...byTrace.values()]
}

// Loaded only where spans are sent: it takes a tenth of the memory of an idle service.
async function createProvider(service: string, endpoint: string, ratio: number) {
  const [{ resourceFromAttributes }, { OTLPTraceExporter }, sdk] = await Promise.all([
    import('@opentelemetry/resources'),
    import('@opentelemetry/exporter-trace-otlp-proto'),
    import('@opentelemetry/sdk-trace-node'),
  ])
  return new sdk.NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': service }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new sdk.BatchSpanProcessor(new OTLPTraceExporter({ url: endpoint }))],
  })
}

function endSpan(span: Span, code: string, isFault: boolean) {
  span.setAttribute('rpc.grpc.status_code', code)
  if (isFault) span.setStatus({ code: SpanStatusCode.ERROR })
  span.end()
}

export type { Context }
