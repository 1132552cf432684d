/** @type {import('jest').Config} */
export default {
  testMatch: ['<rootDir>/services/**/*.test.ts', '<rootDir>/scripts/**/*.test.ts'],
  testEnvironment: 'node',
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  // Node reads TypeScript by itself.
  transform: {},
  globalSetup: '<rootDir>/scripts/testing/setup.ts',
  globalTeardown: '<rootDir>/scripts/testing/teardown.ts',
  testSequencer: '<rootDir>/scripts/testing/sequencer.ts',
  reporters: ['default', '<rootDir>/scripts/testing/count-reporter.ts'],
  modulePathIgnorePatterns: ['<rootDir>/.promptforge/', '<rootDir>/services/contracts/gen/third_party/'],
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
  runner: '<rootDir>/scripts/testing/runner.ts',
  testRunner: '<rootDir>/scripts/testing/run-file.ts',
  // A test waits about as long as it computes. More than two would have the stores, NATS and Envoy wait for a core.
  maxWorkers: 2,
  // A process keeps something of every file that it has run: two hundred files fill its heap. With a limit, one worker is a process, too.
  workerIdleMemoryLimit: '1GB',
  // Far more than a test takes: on a loaded machine only what never comes fails.
  testTimeout: 150_000,
}
