import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { MongoClient } from 'mongodb'
import { startContainer } from './container.ts'
import { mongoUrl, openMongoPassword } from './mongo-password.ts'
import { Child } from './process.ts'
import { packagedProgram } from './programs.ts'
import { type Server, startServer } from './server.ts'
import type { Started } from './store.ts'

/** How to run a server for MongoDB's clients. */
export type MongoOptions = {
  /** Where its data lie; made on first use. Its password is kept in `<dataDir>.password`. */
  dataDir: string
  /** Port on 127.0.0.1; 0 takes a free one. */
  port: number
  /** Log file; default `<dataDir>.log`. */
  logFile?: string
  /** Whether what it has acknowledged is on the disk. Default true; one that is not durable is quicker. */
  durable?: boolean
}

/** A server for MongoDB's clients. */
export type Mongo = Server & {
  /** `mongodb://user:password@127.0.0.1:port/?…`. */
  url: string
}

/**
 * Starts SecantusDB, which speaks to MongoDB's clients as MongoDB 8 does, and waits until it answers. It keeps what it has
 * acknowledged (if `durable`), lets in nobody without the password, and ends when this process ends, however that happens.
 */
export async function startMongo(options: MongoOptions): Promise<Mongo> {
  const { dataDir, port: wanted, logFile = `${dataDir}.log`, durable = true } = options
  const command = packagedProgram('secantusd-py')
  const password = await openMongoPassword(dataDir, async () => {
    const { url, stop } = await start(0)
    // In order takes seconds, and what it has acknowledged it keeps.
    return { url, stop: () => stop('kill') }
  })
  return await start(wanted, password)

  async function start(on: number, password?: string): Promise<Mongo> {
    for (const folder of [dataDir, dirname(logFile)]) mkdirSync(folder, { recursive: true, mode: 0o700 })
    const server = await startServer(on, (port) => launch(port, password), { fast: 'SIGTERM', kill: 'SIGKILL' })
    return { ...server, url: mongoUrl(`127.0.0.1:${server.port}`, password) }
  }

  async function launch(port: number, password?: string): Promise<Child> {
    const address = ['--host', '127.0.0.1', '--port', String(port)]
    const auth = password === undefined ? [] : ['--auth']
    // The start that makes the password is killed.
    const sync = durable || password === undefined ? ['--sync-on-commit'] : []
    const args = [...address, '--storage-path', dataDir, ...sync, ...auth]
    // It is slow to end, and now and then hangs; by then it has nothing left to lose.
    const child = new Child({ name: 'SecantusDB', command, args, logFile, stopMs: 4000 })
    // Another process may have the port and answer.
    const url = mongoUrl(`127.0.0.1:${port}`, password)
    await child.ready(async () => child.hasLogged('listening on') && (await mongoAnswers(url)))
    return child
  }
}

/** Runs MongoDB's official image, with data in a folder of this machine. */
export async function startDockerMongo({ dataDir, port }: Pick<MongoOptions, 'dataDir' | 'port'>): Promise<Started> {
  const start = (on: number, password?: string) => {
    mkdirSync(dataDir, { recursive: true, mode: 0o755 }) // the image's user passes through it
    return startContainer({
      image: 'mongo:8',
      command: ['mongod', ...(password === undefined ? [] : ['--auth'])],
      mounts: [{ source: dataDir, target: '/data/db' }],
      port: on,
      inside: 27017,
      readyLog: 'Waiting for connections',
      urlAt: (address) => mongoUrl(address, password),
      answers: mongoAnswers,
    })
  }
  return await start(port, await openMongoPassword(dataDir, () => start(0)))
}

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
