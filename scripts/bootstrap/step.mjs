import { spawn } from 'node:child_process'

/** A failure whose message is all that a person needs; no stack is shown. */
export class Stop extends Error {}

/**
 * Does one step of getting ready, and shows on standard error that it runs and, at its end, how long it took.
 *
 * @param {string} name
 * @param {() => Promise<void>} work
 */
export async function step(name, work) {
  const begin = Date.now()
  const seconds = (digits = 0) => `${((Date.now() - begin) / 1000).toFixed(digits)} s`
  const tty = process.stderr.isTTY
  const show = () => process.stderr.write(tty ? `\r… ${name} ${seconds()} ` : `… ${name} ${seconds()}\n`)
  const timer = setInterval(show, tty ? 1000 : 15_000)
  if (tty) show()
  try {
    await work()
    process.stderr.write(`${tty ? '\r' : ''}✓ ${name} ${seconds(1)} \n`)
  } catch (error) {
    process.stderr.write(`${tty ? '\r' : ''}✗ ${name} ${seconds(1)} \n`)
    throw error
  } finally {
    clearInterval(timer)
  }
}

/**
 * Runs a command in silence; when it fails, throws a Stop with everything that it said. `signal` kills it: npm, asked in a
 * friendlier way, goes on for half a minute.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd: string, signal: AbortSignal, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<void>}
 */
export function run(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'], killSignal: 'SIGKILL' })
    let said = ''
    child.stdout.on('data', (chunk) => (said += chunk))
    child.stderr.on('data', (chunk) => (said += chunk))
    child.on('error', (error) => (said += `${error.message}\n`))
    // It comes when the command's own children have ended too, so that nobody writes any more.
    child.on('close', (code, signal) => {
      if (options.signal.aborted) reject(options.signal.reason)
      else if (code === 0) resolve()
      else reject(new Stop(`${said.trimEnd()}\n${[command, ...args].join(' ')} ended with ${signal ?? `code ${code}`}`))
    })
  })
}
