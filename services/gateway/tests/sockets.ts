import { request } from 'node:http'
import { text } from 'node:stream/consumers'

/** Sends an HTTP request to a socket or a port of this machine, with any headers. */
export const send = (
  to: { socketPath: string } | { port: number },
  call: string,
  headers: Record<string, string> = {},
  body = '',
) =>
  new Promise<{ status: number; text: string }>((resolve, reject) => {
    const [method, path] = call.split(' ')
    const sent = request({ host: '127.0.0.1', ...to, method, path, headers, agent: false }, (answer) => {
      text(answer).then((content) => resolve({ status: answer.statusCode!, text: content }), reject)
    })
    sent.on('error', reject).end(body)
  })
