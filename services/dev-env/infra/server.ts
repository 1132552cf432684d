import { freePort } from './ports.ts'
import type { Child } from './process.ts'

/** How a restart ends a server: in order, or by SIGKILL as in a crash. */
export type Restart = 'fast' | 'kill'

/** A program of ours that listens on a port of 127.0.0.1. `How` are the ways to restart it. */
export type Server<How extends string = Restart> = AsyncDisposable & {
  port: number
  stop(): Promise<void>
  /** Sends it a signal. */
  signal(name: NodeJS.Signals): void
  /** Ends it, `fast` unless told otherwise, starts it again on the same port, and waits until it answers. */
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
  const stop = () => child.stop()
  return {
    port,
    stop,
    signal: (name) => child.signal(name),
    restart: async (how) => {
      await child.stop(signals[how ?? 'fast'])
      child = await launch(port)
    },
    [Symbol.asyncDispose]: stop,
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
