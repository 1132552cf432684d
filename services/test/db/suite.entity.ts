import { defineEntity, p } from '@mikro-orm/postgresql'

/**
 * Cases that versions of a prompt are tested with. `settings` is a SuiteSettings in proto3 JSON. `revision` counts all changes, `casesRevision`
 * those of settings and cases. A suite that was deleted keeps its row, without cases.
 */
export const Suite = defineEntity({
  name: 'Suite',
  tableName: 'suites',
  properties: {
    id: p.uuid().primary(),
    promptId: p.uuid(),
    userId: p.uuid(),
    name: p.string().length(100),
    description: p.text().nullable(),
    settings: p.json<object>(),
    casesCount: p.integer(),
    casesRevision: p.integer().default(1),
    revision: p.integer().default(1),
    createdAt: p.datetime(3),
    updatedAt: p.datetime(3),
    deletedAt: p.datetime(3).nullable(),
  },
})

/** A case of a suite, at its place: a SuiteCase in proto3 JSON. */
export const SuiteCase = defineEntity({
  name: 'SuiteCase',
  tableName: 'suite_cases',
  properties: {
    suite: () => p.manyToOne(Suite).primary(),
    position: p.integer().primary(),
    definition: p.json<object>(),
  },
})

/**
 * A run of all cases of a suite with one version of its prompt, and with the settings of that time. With `fromRunId` and `toRunId` it is a judging of
 * these two: its tests are those of judges, its settings a JudgingSettings, and it has no verdict.
 */
export const SuiteRun = defineEntity({
  name: 'SuiteRun',
  tableName: 'suite_runs',
  properties: {
    id: p.uuid().primary(),
    suite: () => p.manyToOne(Suite),
    casesRevision: p.integer(),
    promptId: p.uuid(),
    userId: p.uuid(),
    promptVersion: p.integer(),
    contentHash: p.string().length(64),
    settings: p.json<object>(),
    status: p.enum(['RUNNING', 'COMPLETED']).columnType('varchar(20)'),
    verdict: p.enum(['PASS', 'FAIL', 'INCONCLUSIVE']).columnType('varchar(20)').nullable(),
    passRate: p.double().nullable(),
    testsCount: p.integer(),
    createdAt: p.datetime(3),
    completedAt: p.datetime(3).nullable(),
    revision: p.integer().default(1),
    fromRunId: p.uuid().nullable(),
    toRunId: p.uuid().nullable(),
  },
})

/** A case as it was when the run began; of a judging a PairedCase. What came of it is in its tests. */
export const SuiteRunCase = defineEntity({
  name: 'SuiteRunCase',
  tableName: 'suite_run_cases',
  properties: {
    run: () => p.manyToOne(SuiteRun).primary(),
    position: p.integer().primary(),
    definition: p.json<object>(),
  },
})
