import { type Book, Changes, type Later } from './book.ts'
import { openLater } from './disputes.ts'
import { endProcessing } from './intents.ts'
import { endRefund } from './refunds.ts'

/** Does what is to happen later, when its time has come: also what a process that was killed has left. */
export function doLater(book: Book, version: string, laterMs: number): { stop(): void } {
  const timers = new Set<NodeJS.Timeout>()
  const plan = (later: Later) => {
    const timer = setTimeout(
      () => {
        timers.delete(timer)
        book.add({ ...changesOf(later).line, done: [later.id] })
      },
      Math.max(later.at - Date.now(), 0),
    )
    timers.add(timer)
  }
  const changesOf = ({ what, object, end }: Later): Changes => {
    const changes = new Changes(version)
    switch (what) {
      case 'payment':
        endProcessing(changes, book, object, end, laterMs)
        return changes
      case 'refund':
        endRefund(changes, book, object, end)
        return changes
      case 'dispute':
        openLater(changes, book, object)
        return changes
    }
  }
  for (const later of book.later.values()) plan(later)
  book.onLine(({ later = [] }) => later.forEach(plan))
  return {
    stop: () => {
      for (const timer of timers) clearTimeout(timer)
    },
  }
}
