import type { RequestListener } from 'node:http'
import { type HttpServer, serveHttp } from '#chassis/serve-http.ts'
import { askAdmin, isReady } from './admin.ts'

/**
 * Serves on a port what may be known of the Envoy at `socket`: `GET /live`, whether it answers; `GET /ready`, whether it takes calls;
 * `GET /metrics`, for Prometheus. A question that Envoy does not answer is 503.
 */
export function serveSidecar(socket: string, { host, port }: { host: string; port: number }): Promise<HttpServer> {
  const answers: Record<string, () => Promise<{ status: number; body: string }>> = {
    '/live': async () => ({ ...(await askAdmin(socket, 'GET', '/ready')), status: 200 }),
    '/ready': async () => ((await isReady(socket)) ? { status: 200, body: 'ready' } : NOT_READY),
    '/metrics': () => askAdmin(socket, 'GET', '/stats/prometheus'),
  }
  const listener: RequestListener = (request, response) => {
    const answer = request.method === 'GET' ? answers[request.url ?? ''] : undefined
    if (!answer) return response.writeHead(404).end()
    answer().then(
      ({ status, body }) =>
        response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4' }).end(`${body}\n`),
      (error: Error) => response.writeHead(503).end(`Envoy does not answer: ${error.message}\n`),
    )
  }
  return serveHttp(listener, host, port)
}

const NOT_READY = { status: 503, body: 'Envoy is not ready, or has no keys of tokens yet' }
