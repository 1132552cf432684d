import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { MongoClient } from 'mongodb'
import { startContainer } from './container.ts'
import { Child } from './process.ts'
import { packagedProgram } from './programs.ts'
import { type Server, startServer } from './server.ts'
import type { Started } from './store.ts'

/** How to run a server for MongoDB's clients. */
export type MongoOptions = {
  /** Where its data lie; made on first use. */
  dataDir: string
  /** Port on 127.0.0.1; 0 takes a free one. */
  port: number
  /** Log file; default `<dataDir>.log`. */
  logFile?: string
}

/** A server for MongoDB's clients. */
export type Mongo = Server & {
  /** `mongodb://127.0.0.1:port/?directConnection=true`. */
  url: string
}

/**
 * Starts SecantusDB, which speaks to MongoDB's clients as MongoDB 8 does, and waits until it answers. It keeps what it has
 * acknowledged, and ends when this process ends, however that happens.
 */
export async function startMongo({ dataDir, port: wanted, logFile = `${dataDir}.log` }: MongoOptions): Promise<Mongo> {
  const command = packagedProgram('secantusd-py')
  for (const folder of [dataDir, dirname(logFile)]) mkdirSync(folder, { recursive: true, mode: 0o700 })
  const server = await startServer(wanted, launch, { fast: 'SIGTERM', kill: 'SIGKILL' })
  return { ...server, url: urlOf(`127.0.0.1:${server.port}`) }

  async function launch(port: number): Promise<Child> {
    const address = ['--host', '127.0.0.1', '--port', String(port)]
    const args = [...address, '--storage-path', dataDir, '--sync-on-commit']
    // It is slow to end, and now and then hangs; by then it has nothing left to lose.
    const child = new Child({ name: 'SecantusDB', command, args, logFile, stopMs: 4000 })
    // Another process may have the port and answer.
    await child.ready(async () => child.hasLogged('listening on') && (await mongoAnswers(urlOf(`127.0.0.1:${port}`))))
    return child
  }
}

/** Runs MongoDB's official image, with data in a folder of this machine. */
export function startDockerMongo({ dataDir, port }: Pick<MongoOptions, 'dataDir' | 'port'>): Promise<Started> {
  mkdirSync(dataDir, { recursive: true, mode: 0o755 }) // the image's user passes through it
  return startContainer({
    image: 'mongo:8',
    command: ['mongod'],
    mounts: [{ source: dataDir, target: '/data/db' }],
    port,
    inside: 27017,
    readyLog: 'Waiting for connections',
    urlAt: urlOf,
    answers: mongoAnswers,
  })
}

// SecantusDB calls itself a replica set, and a driver that looks for the set's members loses the only one at a restart.
const urlOf = (address: string) => `mongodb://${address}/?directConnection=true`

/** Whether a MongoDB takes commands at `url`. */
export async function mongoAnswers(url: string): Promise<boolean> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 1000 })
  try {
    await client.db().command({ ping: 1 })
    return true
  } catch {
    return false
  } finally {
    await client.close()
  }
}
