/**
 * Runs the test files in the order of their paths; with PF_TEST_ORDER=reverse the other way round, to show that none depends on
 * what ran before it.
 */
export default class PathSequencer {
  sort<T extends { path: string }>(tests: Iterable<T>): T[] {
    const ordered = [...tests].sort((a, b) => (a.path < b.path ? -1 : 1))
    return process.env['PF_TEST_ORDER'] === 'reverse' ? ordered.reverse() : ordered
  }

  /** Jest asks for it with --onlyFailures; we keep no results. */
  allFailedTests<T>(tests: Iterable<T>): T[] {
    return [...tests]
  }

  /** Jest hands over the results, to put the slow tests first next time; our order is fixed. */
  cacheResults(): void {}
}
