import { postgres } from '#chassis/db/postgres.ts'
import type { ServiceDefinition } from '#chassis/define-service.ts'
import { JOBS, OWN_KEYS_LANE } from '#contracts/events.ts'
import { config, type TestConfig } from './config.ts'
import { createContext, type Deps } from './context.ts'
import { schema } from './db/schema.ts'
import { closeConnections } from './providers/guarded-fetch.ts'
import { services } from './rpc/index.ts'

/** The test service. */
export const testService: ServiceDefinition<TestConfig, Deps> = {
  name: 'test',
  config,
  store: postgres(schema),
  context: createContext,
  services,
  jobs: ({ worker, suites }) => [...worker.jobs, suites.job],
  queues: ({ models, worker }) => {
    const lanes = new Set([OWN_KEYS_LANE, ...models.all.map(({ provider }) => provider)])
    return [...lanes].map((lane) => ({
      job: JOBS.testRun,
      lane,
      limit: () => worker.limit(lane),
      claim: ({ testId }) => worker.claim(testId, lane),
    }))
  },
  close: async ({ worker, suites }) => {
    await worker.close()
    await suites[Symbol.asyncDispose]()
    await closeConnections()
  },
}
