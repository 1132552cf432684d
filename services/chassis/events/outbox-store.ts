import type { StreamName } from '#contracts/events.ts'
import type { OutboxRow } from './envelope.ts'

/** How much waits in an outbox. */
export type Waiting = {
  /** Rows; counting ends at a million. */
  rows: number
  /** When the oldest of them was put there; undefined when nothing waits. What `resync` tells happened long ago. */
  oldest: Date | undefined
}

/** Where a service's events wait until they are published. */
export type OutboxStore = {
  /** The rows that wait, oldest id first: those after `after`, without those of some streams; a bounded number of bytes. */
  read(after: string | undefined, without: StreamName[]): Promise<OutboxRow[]>
  /** Marks rows as published. */
  markPublished(ids: string[]): Promise<unknown>
  /** Counts a refusal of each row. */
  markRefused(ids: string[]): Promise<unknown>
  /** Gives rows up: they stay where they are, and wait no more. */
  markAbandoned(ids: string[]): Promise<unknown>
  waiting(): Promise<Waiting>
  /** Makes everything wait again that happened since then and was published; answers with how much. */
  replay(since: Date): Promise<number>
}
