import type { ChatProcess } from '../chat/start.ts'

/** A process that runs while somebody needs it, and for a while after. */
export class OnDemand {
  readonly #launch: (signal: AbortSignal) => Promise<ChatProcess>
  readonly #idleMs: number
  readonly #stopping = new AbortController()
  #process: Promise<ChatProcess> | undefined
  #isStarting = false
  #users = 0
  #timer: NodeJS.Timeout | undefined

  /** `launch` starts it; `idleMs` after the last use it is stopped. */
  constructor(launch: (signal: AbortSignal) => Promise<ChatProcess>, idleMs: number) {
    this.#launch = launch
    this.#idleMs = idleMs
  }

  /** Whether it runs, or is being started. */
  get running(): boolean {
    return this.#process !== undefined
  }

  /** Does something with the process, which is started for it when it does not run; who does not wait does not stop the start. */
  async use<T>(work: (process: Promise<ChatProcess>) => Promise<T>): Promise<T> {
    this.#users += 1
    clearTimeout(this.#timer)
    try {
      return await work((this.#process ??= this.#start()))
    } finally {
      this.#users -= 1
      this.#rest()
    }
  }

  /** Stops it, for good. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#end()
  }

  async #start(): Promise<ChatProcess> {
    this.#isStarting = true
    try {
      const process = await this.#launch(this.#stopping.signal)
      void process.exited.then(() => this.#forget(process))
      return process
    } catch (error) {
      this.#process = undefined
      throw error
    } finally {
      this.#isStarting = false
      this.#rest()
    }
  }

  /** It has ended: the next use starts another. */
  async #forget(gone: ChatProcess) {
    if ((await this.#process) === gone) this.#process = undefined
  }

  #rest() {
    if (this.#users > 0 || this.#isStarting) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#end(), this.#idleMs)
    this.#timer.unref()
  }

  async #end() {
    clearTimeout(this.#timer)
    const process = this.#process
    this.#process = undefined
    await process?.then(
      (one) => one.stop(),
      () => undefined,
    )
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}
