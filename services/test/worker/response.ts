/** What came of a response so far. */
export type CollectedResponse = {
  text: string
  /** Milliseconds from the beginning to the first piece; null without one. */
  firstTokenMs: number | null
  /** Milliseconds from the beginning until now. */
  responseTimeMs: number
}

/** Collects a response, from now on. What PostgreSQL cannot store, NUL and halves of surrogate pairs, becomes U+FFFD. */
export function collectResponse(now: () => number = () => performance.now()) {
  const begunAt = now()
  const pieces: string[] = []
  let firstTokenMs: number | null = null
  return {
    add: (piece: string) => {
      firstTokenMs ??= Math.round(now() - begunAt)
      pieces.push(piece)
    },
    // A pair may come in two pieces: only the whole is looked at.
    read: (): CollectedResponse => ({
      text: pieces.join('').toWellFormed().replaceAll('\0', '\ufffd'),
      firstTokenMs,
      responseTimeMs: Math.round(now() - begunAt),
    }),
  }
}
