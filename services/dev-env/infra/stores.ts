import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { mongoAnswers, startDockerMongo, startMongo } from './mongo.ts'
import { natsAnswers, startDockerNats, startNats } from './nats.ts'
import { placesOf } from './places.ts'
import { startDockerPostgres } from './postgres-docker.ts'
import { answers as postgresAnswers, closeCommonDatabases } from './postgres-url.ts'
import { startPostgres } from './postgres.ts'
import { provideStore, type Started, type Store } from './store.ts'

/** How to provide a store. */
export type StoreOptions = {
  /** Its port on 127.0.0.1 when it is started; 0 takes a free one. */
  port: number
  /** URL of one that is there already, empty for none. Default: the variable that is named below. */
  url?: string
  /** Folder of its data and log, below the clone's places. Default: `stores`, and `logs` for its log. */
  folder?: string
}

// No write of a test needs to reach the disk, and no test lives long enough for the vacuum.
const HASTY = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', autovacuum: 'off' }

/**
 * Provides PostgreSQL. The URL, from PF_POSTGRES_URL, is a superuser's. One that is not `durable` is quicker, and does not keep
 * its data at a power cut.
 */
export function providePostgres(options: StoreOptions & { durable?: boolean }): Promise<Store> {
  const { port, durable = true } = options
  const home = placesOf().postgres
  const settings = { max_connections: '300', timezone: 'UTC', ...(durable ? {} : HASTY) }
  const { logFile, dataDirs } = placesFor('postgres', options, home)
  return provideStore({
    name: 'PostgreSQL',
    variable: 'PF_POSTGRES_URL',
    url: options.url ?? process.env['PF_POSTGRES_URL'],
    answers: postgresAnswers,
    dataDirs,
    inDocker: (dataDir) => startDockerPostgres({ dataDir, port, settings }).then(closed),
    packaged: async (dataDir) => {
      const { adminUrl: url, stop } = await startPostgres({ dataDir, home, port, settings, logFile })
      return await closed({ url, stop })
    },
  })
}

async function closed(postgres: Started): Promise<Started> {
  await closeCommonDatabases(postgres.url)
  return postgres
}

/** Provides MongoDB, or what speaks to its clients. The URL comes from PF_MONGO_URL. `durable` as for PostgreSQL. */
export function provideMongo(options: StoreOptions & { durable?: boolean }): Promise<Store> {
  const { port, durable } = options
  const { logFile, dataDirs } = placesFor('mongo', options)
  return provideStore({
    name: 'MongoDB',
    variable: 'PF_MONGO_URL',
    url: options.url ?? process.env['PF_MONGO_URL'],
    answers: mongoAnswers,
    dataDirs,
    inDocker: (dataDir) => startDockerMongo({ dataDir, port }),
    packaged: (dataDir) => startMongo({ dataDir, port, logFile, durable }),
  })
}

/** How to provide NATS. */
export type NatsStoreOptions = StoreOptions & {
  /** Folder with the certificates that its configuration names. */
  certificates: string
  /** Writes the configuration of one with its messages in `storeDir`, and answers with its path. */
  configure(storeDir: string): string
}

/** Provides NATS. The URL, from PF_NATS_URL, is one of which `services/broker` made the configuration, with our certificates. */
export function provideNats(options: NatsStoreOptions): Promise<Store> {
  const { port, certificates, configure } = options
  const { logFile, dataDirs } = placesFor('nats', options)
  return provideStore({
    name: 'NATS',
    variable: 'PF_NATS_URL',
    url: options.url ?? process.env['PF_NATS_URL'],
    answers: natsAnswers,
    dataDirs,
    inDocker: (dataDir) => startDockerNats({ dataDir, configPath: configure(dataDir), certificates, port }),
    packaged: (dataDir) => startNats({ configPath: configure(dataDir), port, logFile }),
  })
}

function placesFor(name: string, { folder }: StoreOptions, home = placesOf().state) {
  const { state } = placesOf()
  const logFile = join(state, folder ?? 'logs', `${name}.log`)
  mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 })
  const data = folder ?? 'stores'
  return { logFile, dataDirs: { docker: join(state, data, `${name}-docker`), packages: join(home, data, name) } }
}
