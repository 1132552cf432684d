import { setTimeout as sleep } from 'node:timers/promises'
import type { Started } from './store.ts'

/** How to run a server in a container. */
export type ContainerOptions = {
  /** The official image; data made by another major version are not read. */
  image: string
  command: string[]
  environment?: Record<string, string>
  /** Folders of this machine that it sees. */
  mounts: { source: string; target: string; mode?: 'ro' | 'rw' }[]
  /** Port on 127.0.0.1; 0 takes a free one. */
  port: number
  /** Port that it listens on in the container. */
  inside: number
  /** What it logs when it is ready. */
  readyLog: string
  /** Its URL, by where it is reached: `host:port`. */
  urlAt(address: string): string
  answers(url: string): Promise<boolean>
}

/**
 * Runs an image by testcontainers, which removes the container when this process is gone, and waits until the server answers.
 * Throws when there is no image and none can be had.
 */
export async function startContainer(options: ContainerOptions): Promise<Started> {
  const { GenericContainer, Wait } = await import('testcontainers') // large, and not needed elsewhere
  const { inside, port } = options
  const container = new GenericContainer(options.image)
    .withEnvironment(options.environment ?? {})
    .withBindMounts(options.mounts)
    .withCommand(options.command)
    .withExposedPorts(port === 0 ? inside : { container: inside, host: port })
    .withWaitStrategy(Wait.forLogMessage(options.readyLog))
  // Files of another user would be in our way; for root the images take users of their own.
  const { getuid, getgid } = process
  if (getuid && getgid && getuid() !== 0) container.withUser(`${getuid()}:${getgid()}`)
  const started = await container.start()
  const url = options.urlAt(`${started.getHost()}:${started.getMappedPort(inside)}`)
  // PostgreSQL's first start says that it is ready once too early, on a socket of its own.
  const end = Date.now() + 60_000
  while (!(await options.answers(url)) && Date.now() < end) await sleep(50)
  return { url, stop: async () => void (await started.stop({ timeout: 10_000 })) }
}
