/** The same numbers from 0 to 1 for the same seed, so that what fails can be seen again. */
export function randomOf(seed: number) {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
