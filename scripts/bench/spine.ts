import type { JetStreamManager } from '@nats-io/jetstream'
import type { Client } from 'pg'
import { processAll } from '../../services/dev-env/process-all.ts'
import { holdRelay, waitingRows } from '../processes/outbox.ts'
import { drain } from './drain.ts'

/** Milliseconds after which a drain says what still waits. */
const ATTEMPT_MS = 10_000

/** Versions are not stored during the bench: a row must not depend on how fast a development store is. */
const PAUSED = { service: 'version', stream: 'PF_PROMPT_CONTENT', ms: 24 * 3_600_000 }

/** What carries events during the bench: halted while a service alone is measured, and running for what is measured end to end. */
export type Spine = {
  /** Lets everything arrive, then holds the relays of the user, the prompt and the marketplace service, and stops analytics. */
  halt(): Promise<void>
  /** Lets the relays go on, and them alone. */
  relay(): Promise<void>
  /** Lets all go on. */
  run(): Promise<void>
  /** Forgets the events that a cell has left behind a halted relays: they tell of nothing that is measured. */
  forget(): Promise<void>
}

type Parts = {
  manager: JetStreamManager
  databases: { user: string; prompt: string; marketplace: string }
  /** Process id of the analytics service, which consumes views as well, and those come without a relay. */
  analytics: number
  say(line: string): void
}

/** Takes hold of the events of a site, which are running, and pauses the consumer of versions. */
export async function createSpine({ manager, databases, analytics, say }: Parts): Promise<Spine & AsyncDisposable> {
  await manager.consumers.pause(PAUSED.stream, PAUSED.service, new Date(Date.now() + PAUSED.ms))
  let locks: Client[] = []
  const outboxes = Object.fromEntries(
    Object.entries(databases).map(([name, url]) => [name, { waiting: () => waitingRows(url) }]),
  )
  const relay = async () => {
    for (const lock of locks) await lock.end()
    locks = []
  }
  const run = async () => {
    await relay()
    process.kill(analytics, 'SIGCONT')
  }
  return {
    relay,
    halt: async () => {
      if (locks.length > 0) return
      await drain(() => processAll(manager, outboxes, ATTEMPT_MS, [PAUSED.service]), say)
      for (const url of Object.values(databases)) locks.push(await holdRelay(url))
      process.kill(analytics, 'SIGSTOP')
    },
    run,
    forget: async () => {
      for (const lock of locks) await lock.query('truncate outbox')
    },
    [Symbol.asyncDispose]: run,
  }
}
