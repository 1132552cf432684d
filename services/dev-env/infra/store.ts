import { existsSync, rmSync } from 'node:fs'
import { dockerAnswers } from './docker.ts'

/** A store of the services. */
export type Store = {
  /** Where it is reached, by who may do everything in it. */
  url: string
  source: 'configuration' | 'docker' | 'packages'
  /** Folder of its data, when it is ours. */
  dataDir?: string
  /** Stops it, when it was started here. */
  stop(): Promise<void>
}

/** What was started. */
export type Started = Pick<Store, 'url' | 'stop'>

/** A store that is wanted, and how it can be had. */
export type WantedStore = {
  /** What messages call it. */
  name: string
  /** URL of one that is there already. */
  url: string | undefined
  /** The variable that `url` is set by. */
  variable: string
  /** Whether one answers at a URL. */
  answers(url: string): Promise<boolean>
  /** Folders for its data, by what starts it. */
  dataDirs: { docker: string; packages: string }
  inDocker(dataDir: string): Promise<Started>
  packaged(dataDir: string): Promise<Started>
}

/**
 * Provides a store, in this order: at the URL that is configured; in Docker, where a daemon answers; from the package
 * registries. PF_STORES says which of the two last it is to be. Data stay with what made them: once a clone has data from
 * packages it keeps to packages, and if it has data in Docker, Docker must answer. Where Docker answers and does not give the
 * store, for want of an image, the packages do.
 */
export async function provideStore(wanted: WantedStore): Promise<Store> {
  const { name, url, dataDirs, packaged } = wanted
  const from = sourceSetting()
  if (url) return await configured(url, wanted)
  if (from === 'docker' || existsSync(dataDirs.docker)) {
    if (await dockerAnswers()) return await inDocker(wanted)
    throw new Error(`${name} must run in Docker, which does not answer: start Docker, or delete all data with --fresh`)
  }
  if (!from && !existsSync(dataDirs.packages) && (await dockerAnswers())) {
    try {
      return await inDocker(wanted)
    } catch (error) {
      for (const path of [dataDirs.docker, `${dataDirs.docker}.password`])
        rmSync(path, { recursive: true, force: true })
      process.stderr.write(
        `Docker could not start ${name} (${(error as Error).message.trim()}): using its package instead.\n`,
      )
    }
  }
  return { ...pick(await packaged(dataDirs.packages)), source: 'packages', dataDir: dataDirs.packages }
}

/** Waits for stores that are being provided side by side. When one fails the others are stopped, and its error is thrown. */
export async function together<T extends Record<string, Promise<Store>>>(starting: T): Promise<Stores<keyof T>> {
  const results = await Promise.allSettled(Object.values(starting))
  const stores = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const stop = async () => void (await Promise.all(stores.map((store) => store.stop())))
  const failure = results.find((result) => result.status === 'rejected')
  if (failure) {
    await stop()
    throw failure.reason
  }
  const byName = Object.fromEntries(Object.keys(starting).map((name, i) => [name, stores[i]]))
  return { ...(byName as Record<keyof T, Store>), stop, [Symbol.asyncDispose]: stop }
}

/** Several stores, and how to stop those that were started. */
export type Stores<Name extends PropertyKey> = Record<Name, Store> & AsyncDisposable & { stop(): Promise<void> }

async function inDocker({ dataDirs, inDocker: start }: WantedStore): Promise<Store> {
  return { ...(await start(dataDirs.docker)), source: 'docker', dataDir: dataDirs.docker }
}

async function configured(url: string, { name, variable, answers }: WantedStore): Promise<Store> {
  if (!(await answers(url))) throw new Error(`${variable} names ${hostsIn(url)}, but no ${name} answers there`)
  return { url, source: 'configuration', stop: () => Promise.resolve() }
}

// MongoDB's URLs may name several. What stands before them is secret.
const hostsIn = (url: string) => url.replace(/^[^:]*:\/\/(?:.*@)?([^/?]*).*$/, '$1')

const pick = ({ url, stop }: Started): Started => ({ url, stop })

function sourceSetting(): 'docker' | 'packages' | undefined {
  const value = process.env['PF_STORES']
  if (!value) return undefined
  if (value === 'docker' || value === 'packages') return value
  throw new Error(`PF_STORES is '${value}': it must be docker or packages`)
}
