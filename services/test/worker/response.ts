/** What came of a response so far. */
export type CollectedResponse = {
  text: string
  /** Milliseconds from the beginning to the first piece; null without one. */
  firstTokenMs: number | null
  /** Milliseconds from the beginning until now. */
  responseTimeMs: number
}

/**
 * Collects a response, from now on, and hands on each piece as it is stored: what PostgreSQL cannot store, NUL and halves of surrogate
 * pairs, becomes U+FFFD, and a pair that comes in two pieces stays together.
 */
export function collectResponse(handOn: (piece: string) => void, now: () => number = () => performance.now()) {
  const begunAt = now()
  const pieces: string[] = []
  let firstTokenMs: number | null = null
  let half = ''
  const keep = (piece: string) => {
    if (piece === '') return
    const clean = piece.toWellFormed().replaceAll('\0', '\ufffd')
    pieces.push(clean)
    handOn(clean)
  }
  return {
    add: (piece: string) => {
      firstTokenMs ??= Math.round(now() - begunAt)
      const all = half + piece
      half = /[\ud800-\udbff]$/.exec(all)?.[0] ?? ''
      keep(all.slice(0, all.length - half.length))
    },
    /** It has ended: what came of it. */
    end: (): CollectedResponse => {
      keep(half)
      half = ''
      return { text: pieces.join(''), firstTokenMs, responseTimeMs: Math.round(now() - begunAt) }
    },
  }
}
