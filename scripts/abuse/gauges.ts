import { setTimeout as sleep } from 'node:timers/promises'
import type { Part } from '../processes/mesh.ts'
import { residentMiB } from '../processes/usage.ts'

/** Milliseconds between two looks at the memory. */
const LOOK_MS = 100

/** What the services have had since this was read last: the greatest pause of an event loop and the greatest memory of one of them. */
export type Gauges = AsyncDisposable & {
  read(): Promise<{ pauseMs: number; memoryMiB: number; isAlive: boolean }>
}

/** Watches services until it is disposed of. */
export function watchGauges(parts: Part[]): Gauges {
  const ending = new AbortController()
  let memoryMiB = 0
  let isAlive = true
  const look = () => {
    for (const part of parts) {
      try {
        memoryMiB = Math.max(memoryMiB, residentMiB(part.pid()))
      } catch {
        isAlive = false
      }
    }
  }
  const watch = async () => {
    while (!ending.signal.aborted) {
      look()
      await sleep(LOOK_MS)
    }
  }
  const watching = watch()
  return {
    read: async () => {
      const pauses = await Promise.all(parts.map(greatestPause))
      look()
      const seen = { pauseMs: Math.max(...pauses), memoryMiB, isAlive }
      memoryMiB = 0
      isAlive = true
      return seen
    },
    [Symbol.asyncDispose]: async () => {
      ending.abort()
      await watching
    },
  }
}

/** Milliseconds, since the metrics were read last. */
async function greatestPause({ name, ports }: Part): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${ports.metrics}/metrics`).catch(() => undefined)
  const [, seconds] = /^nodejs_eventloop_lag_max_seconds\S* (\S+)$/m.exec((await answer?.text()) ?? '') ?? []
  if (seconds === undefined) throw new Error(`${name} tells no pause of its event loop`)
  return Number(seconds) * 1000
}
