import { freePort } from './ports.ts'
import type { Child } from './process.ts'

/** How a restart ends a server: in order, or by SIGKILL as in a crash. */
export type Restart = 'fast' | 'kill'

/** A program of ours that listens on a port of 127.0.0.1. `How` are the ways to restart it. */
export type Server<How extends string = Restart> = AsyncDisposable & {
  port: number
  /** Ends it, in order unless told otherwise. */
  stop(how?: How): Promise<void>
  /** Starts it again on the same port, after it was stopped, and waits until it answers. */
  start(): Promise<void>
  /** Sends it a signal. */
  signal(name: NodeJS.Signals): void
  /** Both, one after the other. */
  restart(how?: How): Promise<void>
}

/**
 * Starts a server by `launch`, which answers when the program takes connections, on `wanted` or, for 0, on a free port.
 * `signals` has what each way to restart it ends it with.
 */
export async function startServer<How extends string = Restart>(
  wanted: number,
  launch: (port: number) => Promise<Child>,
  signals: Record<How | 'fast', NodeJS.Signals>,
): Promise<Server<How>> {
  const { port, ...first } = await launchOn(wanted, launch)
  let { child } = first
  const stop = (how?: How) => child.stop(how && signals[how])
  const start = async () => {
    child = await launch(port)
  }
  return {
    port,
    stop,
    start,
    signal: (name) => child.signal(name),
    restart: async (how) => {
      await child.stop(signals[how ?? 'fast'])
      await start()
    },
    [Symbol.asyncDispose]: () => stop(),
  }
}

async function launchOn(wanted: number, launch: (port: number) => Promise<Child>, attempts = 3) {
  const port = wanted === 0 ? await freePort() : wanted
  try {
    return { child: await launch(port), port }
  } catch (error) {
    // A free port may be taken by somebody else before the server binds it.
    const again = wanted === 0 && attempts > 1 && /could not bind|address already in use/i.test(String(error))
    if (!again) throw error
    return await launchOn(wanted, launch, attempts - 1)
  }
}
