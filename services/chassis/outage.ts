/** The warnings of something that is tried again and again: of the first failure, and of none that follows it until it has worked again. */
export type Outage = {
  /** It failed: `warn` is called unless it had failed before. */
  failed(warn: () => void): void
  /** It worked. Answers whether that ends an outage. */
  worked(): boolean
}

export function watchOutage(): Outage {
  let isOut = false
  return {
    failed: (warn) => {
      if (!isOut) warn()
      isOut = true
    },
    worked: () => {
      const wasOut = isOut
      isOut = false
      return wasOut
    },
  }
}
