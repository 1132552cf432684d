/** What calls under load came to. */
export type Outcomes = { succeeded: number; failures: unknown[] }

/**
 * Keeps `concurrency` calls going until `stop`, which answers with what they came to. `count` tells how many have succeeded so
 * far, to wait for some.
 */
export function startLoad(call: () => Promise<unknown>, concurrency = 8) {
  const outcomes: Outcomes = { succeeded: 0, failures: [] }
  let running = true
  const loop = async () => {
    while (running) {
      await call().then(
        () => void outcomes.succeeded++,
        (error: unknown) => void outcomes.failures.push(error),
      )
    }
  }
  const loops = Array.from({ length: concurrency }, loop)
  return {
    count: () => outcomes.succeeded,
    stop: async (): Promise<Outcomes> => {
      running = false
      await Promise.all(loops)
      return outcomes
    },
  }
}
