import { request } from 'node:http'

/** Milliseconds that a daemon gets to answer; it answers in one or two, or is not there. */
const PATIENCE = 1000

/** Whether a Docker daemon answers: at DOCKER_HOST, or at the usual socket. */
export function dockerAnswers(host = process.env['DOCKER_HOST'] || 'unix:///var/run/docker.sock'): Promise<boolean> {
  const { protocol, hostname, port, pathname } = new URL(host)
  const where = protocol === 'unix:' ? { socketPath: pathname } : { host: hostname, port: port || 2375 }
  return new Promise((resolve) => {
    const ping = request({ ...where, path: '/_ping', timeout: PATIENCE }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    ping.on('timeout', () => ping.destroy())
    ping.on('error', () => resolve(false))
    ping.on('close', () => resolve(false))
    ping.end()
  })
}
