import { type Emission, emission, type SqlOf } from '#chassis/events/outbox.ts'
import { EVENTS, JOBS } from '#contracts/events.ts'
import type { TestedModel } from '#contracts/gen/promptforge/test/v1/test_events.ts'

// In all of these `t` names rows of `prompt_tests`.

const metadataOf = (t: string) => ({ aggregateId: `${t}.id`, aggregateRevision: `${t}.revision` })

const testedOf = (t: string): SqlOf<TestedModel> => ({
  promptId: `${t}.prompt_id`,
  promptVersion: `${t}.prompt_version`,
  modelProvider: `${t}.model_provider`,
  modelName: `${t}.model_name`,
})

// Without the name, so that none is left in the stream when a user is erased.
const actorOf = (t: string) => ({ userId: `${t}.user_id`, username: "''" })

/** A test was asked for. */
export const requested = (t: string): Emission =>
  emission(EVENTS.testRequested, { metadata: metadataOf(t), actor: actorOf(t), tested: testedOf(t) })

/** How a test ended, if it has. Of the tests of a suite's run none is told: the run has an event of its own. */
export const endOf = (t: string): Emission[] => {
  const members = {
    metadata: metadataOf(t),
    actor: actorOf(t),
    tested: testedOf(t),
    costMicros: `${t}.cost_micros`,
  }
  return [
    emission(
      EVENTS.testCompleted,
      { ...members, responseTimeMs: `${t}.response_time_ms` },
      `${t}.status = 'COMPLETED' and ${t}.suite_run_id is null`,
    ),
    emission(
      EVENTS.testFailed,
      { ...members, errorCode: `${t}.error_code` },
      `${t}.status = 'FAILED' and ${t}.suite_run_id is null`,
    ),
  ]
}

/** Tells the workers of its lane that a test waits. */
export const job = (t: string): Emission => ({
  ...emission(JOBS.testRun, { testId: `${t}.id` }),
  subjectEnd: `${t}.lane`,
})
