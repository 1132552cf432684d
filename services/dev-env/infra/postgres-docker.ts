import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { INITDB_LOCALE } from './postgres-cluster.ts'
import { answers } from './postgres-url.ts'

/** The official image; data made by another major version are not read. */
const IMAGE = 'postgres:18'

/** How to run PostgreSQL in a container. */
export type DockerPostgresOptions = {
  /** Folder on this machine that keeps its data. */
  dataDir: string
  /** Port on 127.0.0.1; 0 takes a free one. */
  port: number
  settings: Record<string, string>
}

/** A PostgreSQL in a container of ours. */
export type DockerPostgres = { adminUrl: string; port: number; stop(): Promise<void> }

/**
 * Runs PostgreSQL's official image by testcontainers, which removes the container when this process is gone. The password is
 * kept in `<dataDir>.password`. Throws when there is no image and none can be had.
 */
export async function startDockerPostgres({ dataDir, port, settings }: DockerPostgresOptions): Promise<DockerPostgres> {
  const { GenericContainer, Wait } = await import('testcontainers') // large, and not needed elsewhere
  const password = openPassword(`${dataDir}.password`)
  mkdirSync(dataDir, { recursive: true, mode: 0o755 }) // the image's user passes through it
  const container = new GenericContainer(IMAGE)
    .withEnvironment({ POSTGRES_PASSWORD: password, POSTGRES_INITDB_ARGS: INITDB_LOCALE.join(' ') })
    .withBindMounts([{ source: dataDir, target: '/var/lib/postgresql' }])
    .withCommand(['postgres', ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])])
    .withExposedPorts(port === 0 ? 5432 : { container: 5432, host: port })
    .withWaitStrategy(Wait.forLogMessage('database system is ready to accept connections'))
  // Files of another user would be in our way; PostgreSQL refuses to be root, and its image then takes its own user.
  const { getuid, getgid } = process
  if (getuid && getgid && getuid() !== 0) container.withUser(`${getuid()}:${getgid()}`)
  const started = await container.start()
  const adminUrl = `postgres://postgres:${password}@${started.getHost()}:${started.getMappedPort(5432)}/postgres`
  // The image's first start says that it is ready once too early, on a socket of its own.
  const end = Date.now() + 60_000
  while (!(await answers(adminUrl)) && Date.now() < end) await sleep(50)
  return {
    adminUrl,
    port: started.getMappedPort(5432),
    stop: async () => void (await started.stop({ timeout: 10_000 })),
  }
}

function openPassword(file: string): string {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  if (!existsSync(file)) writeFileSync(file, randomBytes(18).toString('base64url'), { mode: 0o600 })
  return readFileSync(file, 'utf8')
}
