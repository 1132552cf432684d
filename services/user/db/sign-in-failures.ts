/** Failures without a delay: a user may mistype. */
export const FREE_FAILURES = 3

/** The longest wait, seconds. */
const LONGEST_WAIT = 30

/** How long to wait after so many failures, as an SQL interval: nothing, nothing, 1 s, 2 s, 4 s … 30 s. */
export const waitAfter = (failures: string) => `(interval '1 second' * case
  when ${failures} < ${FREE_FAILURES} then 0
  else least(${LONGEST_WAIT}, 2 ^ least(${failures} - ${FREE_FAILURES}, 10)) end)`
