import type { Live } from '#chassis/events/live.ts'
import type { Sql } from '#chassis/db/statements.ts'
import type { Logger } from '#chassis/logger.ts'
import { watchOutage } from '#chassis/outage.ts'
import { LiveText } from '#contracts/gen/promptforge/test/v1/test_events.ts'
import { listStates } from './db/list-states.ts'
import type { SummaryRow } from './db/rows.ts'
import { textSubject, wholeSubject } from './worker/live-text.ts'

/** Milliseconds between two looks at the rows of the tests that are watched. */
const LOOK_MS = 1000

/** What is known of a test that somebody watches; one for all watchers of a replica. */
export type Watched = {
  /** 0: nothing has been heard. */
  attempt: number
  /** What that attempt has said, from its beginning. */
  text: string
  /** The row at the last look. Undefined: there was none yet. */
  state: SummaryRow | undefined
  /** Settles when something has changed. */
  changed: Promise<void>
}

/** The tests that this replica watches. */
export type Watches = {
  /** Begins to watch a test, or joins who does. Disposing of it ends that. */
  open(testId: string): Disposable & { test: Watched }
}

type Entry = Watched & {
  watchers: number
  notify: () => void
  unsubscribe: (() => void) | undefined
  isAsking: boolean
}

export function createWatches({ live, sql, log }: { live: Live; sql: Sql; log: Logger }): Watches {
  const entries = new Map<string, Entry>()
  const outage = watchOutage()
  let timer: NodeJS.Timeout | undefined
  let isLooking = false

  const change = (entry: Entry) => {
    entry.notify()
    const { promise, resolve } = Promise.withResolvers<void>()
    entry.changed = promise
    entry.notify = resolve
  }
  const look = async () => {
    if (isLooking) return
    isLooking = true
    try {
      for (const row of await sql(listStates, { ids: [...entries.keys()] })) {
        const entry = entries.get(row.id)
        if (!entry || entry.state?.revision === row.revision) continue
        entry.state = row
        change(entry)
      }
      outage.worked()
      for (const [testId, entry] of entries) listen(testId, entry)
    } catch (err) {
      outage.failed(() => log.warn({ err }, 'the states of watched tests cannot be read: who watches waits'))
    } finally {
      isLooking = false
    }
  }
  const hear = (testId: string, entry: Entry, { attempt, offset, text, ended }: LiveText) => {
    if (ended) void look()
    if (attempt < entry.attempt || text === '') return
    if (attempt > entry.attempt) {
      entry.attempt = attempt
      entry.text = ''
    }
    if (offset > entry.text.length) return void askWhole(testId, entry)
    const more = text.slice(entry.text.length - offset)
    if (more === '') return
    entry.text += more
    change(entry)
  }
  // A part was missed, or the test began before somebody watched.
  const askWhole = async (testId: string, entry: Entry) => {
    if (entry.isAsking) return
    entry.isAsking = true
    const whole = await live.ask(wholeSubject(testId))
    entry.isAsking = false
    if (whole) hear(testId, entry, LiveText.decode(whole))
  }
  const listen = (testId: string, entry: Entry) => {
    if (entry.unsubscribe) return
    entry.unsubscribe = live.subscribe(textSubject(testId), (data) => hear(testId, entry, LiveText.decode(data)))
    if (entry.unsubscribe) void askWhole(testId, entry)
  }
  const begin = (testId: string): Entry => {
    const { promise: changed, resolve: notify } = Promise.withResolvers<void>()
    const entry: Entry = {
      attempt: 0,
      text: '',
      state: undefined,
      changed,
      watchers: 0,
      notify,
      unsubscribe: undefined,
      isAsking: false,
    }
    entries.set(testId, entry)
    listen(testId, entry)
    timer ??= setInterval(() => void look(), LOOK_MS)
    void look()
    return entry
  }
  const leave = (testId: string, entry: Entry) => {
    entry.watchers -= 1
    if (entry.watchers > 0) return
    entry.unsubscribe?.()
    entries.delete(testId)
    if (entries.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
  return {
    open: (testId) => {
      const entry = entries.get(testId) ?? begin(testId)
      entry.watchers += 1
      return { test: entry, [Symbol.dispose]: () => leave(testId, entry) }
    },
  }
}
