import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/** An answer of Envoy's admin interface. */
export type Answer = { status: number; body: string }

/** How long Envoy may take to answer about itself, milliseconds. */
const LONGEST_MS = 5000

/** Asks Envoy's admin interface at its socket. Throws when nobody answers within five seconds. */
export const askAdmin = (socketPath: string, method: 'GET' | 'POST', path: string) =>
  new Promise<Answer>((resolve, reject) => {
    const signal = AbortSignal.timeout(LONGEST_MS)
    const asked = request({ socketPath, method, path, host: 'localhost', agent: false, signal }, (answer) => {
      text(answer).then((body) => resolve({ status: answer.statusCode ?? 0, body }), reject)
    })
    asked.on('error', reject).end()
  })

/** The socket of the admin interface of the gateway whose configuration lies in `folder`. */
export const adminSocket = (folder: string) => join(folder, 'admin.sock')

/** Whether Envoy takes calls and has the keys of tokens: it calls itself ready before it has them, and would answer with 503. */
export async function isReady(socket: string): Promise<boolean> {
  const ready = await askAdmin(socket, 'GET', '/ready')
  if (ready.status !== 200) return false
  const { body } = await askAdmin(socket, 'GET', '/stats?filter=jwks_fetch_success')
  return /: [1-9]/.test(body)
}

/**
 * Has Envoy tell its clients to connect anew, by `connection: close` and GOAWAY, while it goes on answering. It is to be started
 * with `--drain-strategy immediate`. Throws when it refuses.
 */
export async function drain(socket: string): Promise<void> {
  const { status, body } = await askAdmin(socket, 'POST', '/drain_listeners?graceful&skip_exit')
  if (status !== 200) throw new Error(`Envoy does not drain, but answers ${status}: ${body}`)
}
