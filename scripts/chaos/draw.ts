/**
 * Draws faults at random. Each is drawn once before any comes again: at first those that last least, so that a run of a few minutes has every kind of
 * them; from then on in any order. `random` is from 0 to 1, 1 not included.
 */
export function drawing<F extends { maxMs: number }>(faults: readonly F[], random = Math.random): () => F {
  if (faults.length === 0) throw new Error('there is no fault to draw')
  let waiting = shuffle(faults, random).toSorted((a, b) => a.maxMs - b.maxMs)
  return () => {
    if (waiting.length === 0) waiting = shuffle(faults, random)
    return waiting.shift()!
  }
}

function shuffle<T>(all: readonly T[], random: () => number): T[] {
  const rest = [...all]
  return all.map(() => rest.splice(Math.floor(random() * rest.length), 1)[0]!)
}
