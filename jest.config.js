/** @type {import('jest').Config} */
export default {
  testMatch: ['<rootDir>/services/**/*.test.ts', '<rootDir>/scripts/**/*.test.ts'],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  transform: { '\\.ts$': '<rootDir>/scripts/strip-types.js' },
  modulePathIgnorePatterns: ['<rootDir>/.promptforge/', '<rootDir>/services/contracts/gen/third_party/'],
  testTimeout: 30_000,
}
