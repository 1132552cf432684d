import type { Live } from '#chassis/events/live.ts'
import { LIVE } from '#contracts/events.ts'
import { LiveText } from '#contracts/gen/promptforge/test/v1/test_events.ts'

/** Milliseconds and UTF-16 units after which what has come is published. */
const EVERY_MS = 20
const EVERY_UNITS = 4096

/** The subject of what a running test says, and of questions for all of it. */
export const textSubject = (testId: string) => `${LIVE['test']}${testId}`
export const wholeSubject = (testId: string) => `${textSubject(testId)}.get`

/** The text of a running test. Disposing of it tells who watches that the test has ended. */
export type RunningText = Disposable & { add(text: string): void }

/** Tells who watches what an attempt says: the first part at once, then what has come in 20 ms or 4,096 units; and all of it to whom asks. */
export function tellText(live: Live, testId: string, attempt: number): RunningText {
  let text = ''
  let told = 0
  let timer: NodeJS.Timeout | undefined
  const publish = (message: Partial<LiveText>) =>
    live.publish(textSubject(testId), LiveText.encode(LiveText.fromPartial({ attempt, ...message })).finish())
  const tell = () => {
    clearTimeout(timer)
    timer = undefined
    if (told < text.length) publish({ offset: told, text: text.slice(told) })
    told = text.length
  }
  const stop = live.respond(wholeSubject(testId), () =>
    LiveText.encode(LiveText.fromPartial({ attempt, offset: 0, text })).finish(),
  )
  return {
    add: (piece) => {
      text += piece
      if (told === 0 || text.length - told >= EVERY_UNITS) tell()
      else timer ??= setTimeout(tell, EVERY_MS)
    },
    [Symbol.dispose]: () => {
      tell()
      stop?.()
      publish({ offset: told, ended: true })
    },
  }
}
