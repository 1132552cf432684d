import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** What to run, and how. */
export type ProcessOptions = {
  /** What errors call it. */
  name: string
  command: string
  args: string[]
  /** File that its output is appended to; made with mode 0600. */
  logFile: string
  /** File for its standard output alone, when that is to be apart. */
  outputFile?: string
  /** Signal that ends it in order. Default SIGTERM. */
  stopSignal?: NodeJS.Signals
  /** Milliseconds that it gets to end in order before SIGKILL. Default 10,000. */
  stopMs?: number
  /** Its whole environment. Default: PATH only. */
  env?: NodeJS.ProcessEnv
  /** User and group that it runs as; default ours. */
  user?: { uid: number; gid: number } | undefined
}

// A shell stands between us and the program, and holds the other end of a pipe of ours. Each line in the pipe is a signal to
// pass on; the end of the pipe, which comes even when we are killed, is the order to stop the program. The shell has a process
// group of its own, so that Ctrl-C on the terminal reaches us alone and things stop in our order.
const KEEPER = `
last=$1 seconds=$2; shift 2
exec 3<&0
"$@" 3<&- </dev/null &
child=$!
(
  while read -r name <&3; do kill -s "$name" "$child"; done
  kill -s "$last" "$child" && sleep "$seconds" && kill -s KILL "$child"
) 2>/dev/null &
wait "$child"
code=$?
trap '' TERM
kill -s TERM 0
exit "$code"
`

/** A program that runs beside us and does not outlive us, however we end. */
export class Child {
  /** Its exit code when it has ended; 128 and the signal's number when a signal ended it. */
  readonly exited: Promise<number>
  readonly #options: ProcessOptions
  readonly #orders: NodeJS.WritableStream
  readonly #logStart: number
  #code: number | undefined

  constructor(options: ProcessOptions) {
    const { command, args, logFile, outputFile = logFile, stopSignal = 'SIGTERM', stopMs = 10_000, user, env } = options
    const [output, log] = [openSync(outputFile, 'a', 0o600), openSync(logFile, 'a', 0o600)]
    this.#logStart = statSync(logFile).size
    const keeper = ['-c', KEEPER, 'sh', stopSignal.slice(3), String(Math.ceil(stopMs / 1000)), command, ...args]
    const shell = spawn('/bin/sh', keeper, {
      stdio: ['pipe', output, log],
      cwd: '/',
      env: env ?? { PATH: process.env['PATH'] },
      detached: true,
      ...user,
    })
    for (const file of [output, log]) closeSync(file)
    shell.unref()
    this.#orders = shell.stdin!
    this.#orders.on('error', () => undefined) // it has ended: `exited` tells
    this.#options = options
    this.exited = once(shell, 'exit').then(([code]) => (this.#code = (code as number | null) ?? 137))
    this.exited.catch(() => undefined) // a shell that cannot be started: whoever waits gets the error
  }

  get running(): boolean {
    return this.#code === undefined
  }

  signal(name: NodeJS.Signals): void {
    this.#orders.write(`${name.slice(3)}\n`)
  }

  /** Waits until `probe` answers true. Throws with the end of the log when the program ends first or `timeoutMs` are over. */
  async ready(probe: () => Promise<boolean>, timeoutMs = 30_000): Promise<void> {
    const end = Date.now() + timeoutMs
    while (this.running && Date.now() < end) {
      if (await probe()) return
      await Promise.race([sleep(20), this.exited])
    }
    const problem = this.running ? `was not ready within ${timeoutMs} ms` : `ended with code ${this.#code}`
    await this.stop()
    throw new Error(`${this.#options.name} ${problem}; ${this.#options.logFile} ends with:\n${this.log(20)}`)
  }

  /** The last lines that this run of the program wrote. */
  log(lines: number): string {
    const text = readFileSync(this.#options.logFile).subarray(this.#logStart).toString()
    return text.trimEnd().split('\n').slice(-lines).join('\n')
  }

  /** Whether this run of the program has written a text. */
  hasLogged(text: string): boolean {
    return this.log(Infinity).includes(text)
  }

  /** Ends it: in order with `signal`, and with SIGKILL when that takes too long. */
  async stop(signal = this.#options.stopSignal ?? 'SIGTERM'): Promise<void> {
    if (!this.running) return
    this.signal(signal)
    const timer = setTimeout(() => this.signal('SIGKILL'), this.#options.stopMs ?? 10_000)
    await this.exited.finally(() => clearTimeout(timer))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}
