import TestSequencer from '@jest/test-sequencer'

/**
 * Runs the test files in the order of their paths; with PF_TEST_ORDER=reverse the other way round, to show that none depends on
 * what ran before it.
 */
export default class PathSequencer extends TestSequencer {
  sort(tests) {
    const ordered = [...tests].sort((a, b) => (a.path < b.path ? -1 : 1))
    return process.env.PF_TEST_ORDER === 'reverse' ? ordered.reverse() : ordered
  }
}
