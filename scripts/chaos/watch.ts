import { setTimeout as sleep } from 'node:timers/promises'
import type { Watches } from './ledger.ts'
import type { Person } from './send.ts'

/** Milliseconds after which a watcher leaves. */
const PATIENCE_MS = 30_000

/** What a watcher knows of a test. */
type Seen = { cursor: string; attempt: number; text: string; hasEnded: boolean }

/** Watches a test until it ends; a stream that breaks is opened again where it was. */
export function watch(url: string, { token }: Person, testId: string, watches: Watches): void {
  const watching = follow(url, token, testId, watches).finally(() => watches.going.delete(watching))
  watches.going.add(watching)
}

async function follow(url: string, token: string, testId: string, watches: Watches): Promise<void> {
  const signal = AbortSignal.timeout(PATIENCE_MS)
  const seen: Seen = { cursor: '', attempt: 0, text: '', hasEnded: false }
  while (!signal.aborted && !seen.hasEnded) {
    await listen(`${url}/v1/tests/${testId}:watch?after=${seen.cursor}`, token, seen, signal).catch(() => undefined)
    if (seen.hasEnded) break
    watches.resumed += 1
    await sleep(250)
  }
  if (seen.hasEnded) {
    watches.ended += 1
    watches.texts.push({ testId, text: seen.text })
  } else watches.left += 1
}

async function listen(url: string, token: string, seen: Seen, signal: AbortSignal): Promise<void> {
  const answer = await fetch(url, { signal, headers: { authorization: `Bearer ${token}` } })
  if (answer.status !== 200 || !answer.body) {
    await answer.body?.cancel()
    return
  }
  let rest = ''
  for await (const part of answer.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + part).split('\n')
    rest = lines.pop()!
    for (const line of lines) if (line.startsWith('data: ')) hear(JSON.parse(line.slice('data: '.length)), seen)
  }
}

/** The text of the last attempt is the text. A part that does not begin where the one before ended makes a text that is found to be wrong. */
function hear({ event }: any, seen: Seen) {
  if (!event) return
  seen.cursor = event.cursor
  if (event.restarted) seen.text = ''
  if (event.delta) {
    const { attempt, offset = 0, text } = event.delta
    if (attempt !== seen.attempt) Object.assign(seen, { attempt, text: '' })
    seen.text += offset === seen.text.length ? text : `[${offset} after ${seen.text.length}]${text}`
  }
  if (event.ended) seen.hasEnded = true
}
