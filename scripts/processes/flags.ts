/** What the README tells an operator to give Node for a service: it bounds the memory. */
export const SERVE_FLAGS = ['--max-semi-space-size=4', '--max-old-space-size=256']

/** What a batch of events leaves behind outlives a small young generation. */
const ANALYTICS_FLAGS = ['--max-semi-space-size=32']

/** Node's flags for a service. */
export const flagsOf = (service: string, flags = SERVE_FLAGS) =>
  service === 'analytics' ? [...flags, ...ANALYTICS_FLAGS] : flags
