const PRODUCTION = 'no call may fail under load, and each has the deadline that it has in production'

/** Test files that have the machine for themselves, by their paths, and why. */
export const ALONE: Record<string, string> = {
  'services/dev-env/tests/fault-certificates.test.ts': PRODUCTION,
  'services/dev-env/tests/fault-sigterm.test.ts': PRODUCTION,
  'services/dev-env/tests/fuzz.test.ts': PRODUCTION,
  'services/gateway/tests/live-streams.test.ts': PRODUCTION,
  'services/user/passwords.test.ts': 'it compares how long hashes take',
}
