import {
  ImportSuiteRequest_Format as Format,
  type SuiteServiceService,
} from '#contracts/gen/promptforge/test/v1/suite_service.ts'
import { SuiteCase, SuiteSettings } from '#contracts/gen/promptforge/test/v1/suite.ts'
import { JudgingSettings } from '#contracts/gen/promptforge/test/v1/suite_comparison.ts'
import { type Cell, FIRST, type TableOf } from './row.ts'
import { JUDGING, MODEL, VALUES } from './runs-scene.ts'
import { OWN, OWN_LIST, RUNNABLE } from './test-table.ts'

const RUN = ['TESTS_RUN'] as const
const RUN_AND_READ = ['TESTS_RUN', 'PROMPTS_READ'] as const

const settings = SuiteSettings.fromPartial(MODEL)
const cases = [
  SuiteCase.fromPartial({
    name: 'hello',
    values: VALUES,
    assertions: [{ check: { $case: 'contains', value: 'hello' } }],
  }),
]
const suite = ({ scene }: Cell) => ({ suiteId: scene.runs.suiteId })
const run = ({ scene }: Cell) => ({ runId: scene.runs.suiteRuns[0] })
const runs = ({
  scene: {
    runs: { suiteRuns },
  },
}: Cell) => ({ fromRunId: suiteRuns[0], toRunId: suiteRuns[1] })

export const SUITES: TableOf<typeof SuiteServiceService> = {
  createSuite: {
    scopes: RUN,
    request: ({ prompt }) => ({ promptId: prompt.id, name: 'New', description: '', settings, cases }),
    answers: RUNNABLE,
  },
  importSuite: {
    scopes: RUN_AND_READ,
    request: ({ prompt }) => ({
      promptId: prompt.id,
      name: 'New',
      description: '',
      settings,
      format: Format.JSON,
      content: JSON.stringify({ cases: [{ name: 'hello', values: VALUES, assertions: [{ contains: 'hello' }] }] }),
    }),
    answers: RUNNABLE,
  },
  getSuite: { scopes: RUN, request: suite, answers: OWN },
  listSuites: {
    scopes: RUN,
    request: () => FIRST,
    shows: ({ suites }, { scene }) => suites.some(({ userId }) => userId === scene.people.owner.id),
    answers: OWN_LIST,
  },
  updateSuite: { scopes: RUN, request: (cell) => ({ ...suite(cell), description: 'Of hello' }), answers: OWN },
  deleteSuite: {
    scopes: RUN,
    request: async (cell) => (cell.isAnswered ? { suiteId: await cell.scene.make.suite() } : suite(cell)),
    answers: OWN,
  },
  runSuite: { scopes: RUN_AND_READ, request: suite, answers: OWN },
  getSuiteRun: { scopes: RUN, request: run, answers: OWN },
  listSuiteRuns: {
    scopes: RUN,
    request: (cell) => ({ ...suite(cell), ...FIRST }),
    shows: (answer) => answer.runs.length > 0,
    answers: OWN,
  },
  cancelSuiteRun: { scopes: RUN, request: run, answers: OWN },
  compareSuiteRuns: { scopes: RUN, request: runs, answers: OWN },
  judgeSuiteRuns: {
    scopes: RUN,
    request: (cell) => ({ ...runs(cell), settings: JudgingSettings.fromPartial(JUDGING) }),
    answers: OWN,
  },
  cancelJudging: {
    scopes: RUN,
    request: ({ scene }) => ({ judgingId: scene.runs.judgingId }),
    answers: OWN,
  },
}
