/** Makes a function that runs work one after the other, in the order in which it comes. What fails does not keep the next from running. */
export function oneAtATime(): <T>(work: () => T | Promise<T>) => Promise<T> {
  let previous: Promise<unknown> = Promise.resolve()
  return (work) => {
    const turn = previous.then(work)
    previous = turn.catch(() => undefined)
    return turn
  }
}
