// `node connect.mjs TARGETS`: tries a TCP connection to each of `{"<name>": "<address>:<port>"}`, and writes who let it in, as JSON.
import { connect } from 'node:net'

/** A refusal is a silence: no answer for so many milliseconds, twice. */
const SILENCE_MS = 4000

const targets = Object.entries(JSON.parse(process.argv[2] ?? process.env['TARGETS'] ?? '{}'))
const reached = await Promise.all(
  targets.map(async ([name, address]) => ((await reaches(address)) || (await reaches(address)) ? [name] : [])),
)
process.stdout.write(`${JSON.stringify(reached.flat().sort())}\n`)
process.exit(0)

/** @param {string} address */
function reaches(address) {
  const [host, port] = address.split(':')
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) })
    const settle = (/** @type {boolean} */ answer) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(SILENCE_MS, () => settle(false))
    socket.on('connect', () => settle(true))
    socket.on('error', () => settle(false))
  })
}
