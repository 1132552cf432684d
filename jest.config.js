/** @type {import('jest').Config} */
export default {
  testMatch: ['<rootDir>/services/**/*.test.ts', '<rootDir>/scripts/**/*.test.ts'],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  transform: { '\\.ts$': '<rootDir>/scripts/testing/strip-types.js' },
  globalSetup: '<rootDir>/scripts/testing/setup.ts',
  globalTeardown: '<rootDir>/scripts/testing/teardown.ts',
  testSequencer: '<rootDir>/scripts/testing/sequencer.js',
  reporters: ['default', '<rootDir>/scripts/testing/count-reporter.js'],
  modulePathIgnorePatterns: ['<rootDir>/.promptforge/', '<rootDir>/services/contracts/gen/third_party/'],
  maxWorkers: 2,
  testTimeout: 30_000,
}
