import type { RequestListener } from 'node:http'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { type HttpServer, serveHttp } from './serve-http.ts'

/** The Prometheus metrics that every service has; one registry a service, for several may share a process. */
export type Metrics = {
  registry: Registry
  /** Calls answered, by `method` (gRPC path) and `code` (`OK`, `NOT_FOUND`, …). */
  handled: Counter<'method' | 'code'>
  /** Seconds from a call's arrival to its answer, by `method`. */
  duration: Histogram<'method'>
  /** Calls being worked on. */
  inFlight: Gauge
}

const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Makes the metrics of one service. `service` becomes a label of each. */
export function createMetrics(service: string): Metrics {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  return {
    registry,
    handled: new Counter({
      name: 'grpc_server_handled_total',
      help: 'Calls answered, by method and status code.',
      labelNames: ['method', 'code'],
      registers,
    }),
    duration: new Histogram({
      name: 'grpc_server_handling_seconds',
      help: 'Seconds from arrival to answer.',
      labelNames: ['method'],
      buckets: BUCKETS,
      registers,
    }),
    inFlight: new Gauge({ name: 'grpc_server_in_flight', help: 'Calls being worked on.', registers }),
  }
}

/** Serves `GET /metrics` and nothing else. Returns the bound port and how to stop. */
export function serveMetrics(metrics: Metrics, host: string, port: number): Promise<HttpServer> {
  const answer: RequestListener = (request, response) => {
    if (request.url !== '/metrics') return response.writeHead(404).end()
    metrics.registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    )
  }
  return serveHttp(answer, host, port)
}
