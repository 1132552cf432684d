import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'

/** The network between a service and its store. */
export type StoreNetwork = AsyncDisposable & {
  /** The store's URL, by way of this network. */
  url: string
  /** Swallows all packets for so many milliseconds. */
  silence(ms: number): Promise<void>
}

/**
 * Puts one in front of the store of a URL. It has a thread of its own: what attackers and load do in this process would hold up everything
 * that services and stores say to each other.
 */
export async function startStoreNetwork(storeUrl: string): Promise<StoreNetwork> {
  const worker = new Worker(new URL('store-network-worker.ts', import.meta.url), { workerData: storeUrl })
  const [url] = (await once(worker, 'message')) as [string]
  return {
    url,
    silence: async (ms) => {
      worker.postMessage('swallow')
      await sleep(ms)
      worker.postMessage('restore')
    },
    [Symbol.asyncDispose]: async () => void (await worker.terminate()),
  }
}
