import cliProgress from 'cli-progress'
import type { Report } from './report.ts'

/** Shows how far an import is. */
export type Progress = {
  start(): void
  /** A row is done with. */
  row(row: { bytes: number }): void
  /** A request is repeated, since the server asked to wait or did not answer. */
  waits(): void
  /** Leaves the last state standing. */
  stop(isComplete: boolean): void
}

/** For so long after it the bar says so. */
const WAITING_MS = 2000

/** Before that there is too little to tell the time that is left by. */
const GUESS_AFTER_MS = 5000

/** A bar on stderr over the bytes of the file; where that is no terminal, a line every five seconds. */
export function startProgress(bytes: number, { counts }: Pick<Report, 'counts'>): Progress {
  const begun = performance.now()
  const bar = new cliProgress.SingleBar({
    format: '{bar} {percentage} %  {added} added, {present} present, {refused} refused{eta_formatted}{note}',
    barsize: 16,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    etaBuffer: 500,
    formatTime: (seconds) => (performance.now() - begun > GUESS_AFTER_MS ? timeLeft(seconds) : ''),
    hideCursor: true,
    noTTYOutput: true,
    notTTYSchedule: 5000,
  })
  let done = 0
  let waited = -WAITING_MS
  const state = () => ({ ...counts(), note: performance.now() - waited < WAITING_MS ? ', waiting' : '' })
  return {
    start: () => bar.start(bytes, 0, state()),
    row: (row) => {
      done += row.bytes
      bar.update(done, state())
    },
    waits: () => {
      waited = performance.now()
      bar.update(state())
    },
    stop: (isComplete) => {
      bar.update(isComplete ? bytes : done, { ...counts(), note: '' })
      bar.stop()
    },
  }
}

/** Empty while there is nothing to go by (then it is no number), and when all is done. */
function timeLeft(seconds: unknown): string {
  if (typeof seconds !== 'number' || seconds === 0) return ''
  return seconds < 90 ? `, ${seconds} s left` : `, ${Math.round(seconds / 60)} min left`
}
