import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { startContainer } from './container.ts'
import { INITDB_LOCALE } from './postgres-cluster.ts'
import { answers } from './postgres-url.ts'
import type { Started } from './store.ts'

/** How to run PostgreSQL in a container. */
export type DockerPostgresOptions = {
  /** Folder on this machine that keeps its data. */
  dataDir: string
  /** Port on 127.0.0.1; 0 takes a free one. */
  port: number
  settings: Record<string, string>
}

/** Runs PostgreSQL's official image. The password is kept in `<dataDir>.password`. */
export async function startDockerPostgres({ dataDir, port, settings }: DockerPostgresOptions): Promise<Started> {
  const password = openPassword(`${dataDir}.password`)
  mkdirSync(dataDir, { recursive: true, mode: 0o755 }) // the image's user passes through it
  return await startContainer({
    image: 'postgres:18',
    command: ['postgres', ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])],
    environment: { POSTGRES_PASSWORD: password, POSTGRES_INITDB_ARGS: INITDB_LOCALE.join(' ') },
    mounts: [{ source: dataDir, target: '/var/lib/postgresql' }],
    port,
    inside: 5432,
    readyLog: 'database system is ready to accept connections',
    urlAt: (address) => `postgres://postgres:${password}@${address}/postgres`,
    answers,
  })
}

function openPassword(file: string): string {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  if (!existsSync(file)) writeFileSync(file, randomBytes(18).toString('base64url'), { mode: 0o600 })
  return readFileSync(file, 'utf8')
}
