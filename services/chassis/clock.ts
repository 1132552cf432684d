/** When something changed that had changed at `before`: now, unless the clock of the replica that did it was ahead. */
export const changedAt = (before: Date | null | undefined, now: Date): Date => (before && before > now ? before : now)
