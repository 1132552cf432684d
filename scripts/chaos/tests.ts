import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Ledger } from './ledger.ts'
import { insist, type Person, type Send } from './send.ts'
import { watch } from './watch.ts'

/** What the operator allows for a day, millionths of a dollar. */
const MOST_MICROS = 10_000_000

/** The sandbox's models, and how often each is taken. A refused call has the whole lane wait, so that is rare. */
const MODELS: [name: string, share: number][] = [
  ['echo', 0.5],
  ['slow-20', 0.15],
  ['flaky-30', 0.15],
  ['cut', 0.1],
  ['fail', 0.09],
  ['throttle-1', 0.01],
]

const MAX_TOKENS = 100

/** Suites that a person makes, and then runs. */
const SUITES = 3

/** Allows a person to spend as much on tests as may be. */
export async function allowMost(send: Send, person: Person, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { status } = await send('PUT', '/v1/budgets/me', person, { dailyLimitMicros: String(MOST_MICROS) })
    if (status === 200) return
    await sleep(200)
  }
}

/** Where somebody acts, and what notes it. */
type Acting = { send: Send; url: string; ledger: Ledger }

/** Runs a test of a prompt, a comparison or a suite, or cancels; watches some tests, and has some runs judged. */
export async function actOnTests(acting: Acting, person: Person, promptId: string): Promise<void> {
  const { send, ledger } = acting
  const dice = Math.random()
  if (dice < 0.55) return runTest(acting, person, promptId)
  if (dice < 0.7) return cancelTest(send, ledger, person)
  if (dice < 0.8) return compare(send, ledger, person, promptId)
  if (person.suites.length < SUITES) return createSuite(send, person, promptId)
  const runs = twoRuns(person)
  if (dice < 0.9 && runs) return judge(send, ledger, person, runs)
  return runSuite(send, ledger, person)
}

async function runTest({ send, url, ledger: { tests } }: Acting, person: Person, promptId: string) {
  const topic = randomUUID()
  tests.asked.set(topic, undefined)
  const answer = await insist(send, `/v1/prompts/${promptId}/tests`, person, { ...modelOf(), values: { topic } })
  if (answer?.status !== 200) return
  const { testId: id } = answer.body.test
  tests.asked.set(topic, id)
  person.tests.push(id)
  if (Math.random() < 0.3) watch(url, person, id, tests.watches)
}

async function cancelTest(send: Send, { tests }: Ledger, person: Person) {
  // Most of the older ones have ended.
  const id = person.tests.at(-1 - Math.floor(Math.random() * 5))
  if (id === undefined) return
  const { status } = await send('POST', `/v1/tests/${id}:cancel`, person, {})
  if (status === 200) tests.cancelled.add(id)
}

async function compare(send: Send, { tests }: Ledger, person: Person, promptId: string) {
  const answer = await insist(send, `/v1/prompts/${promptId}/comparisons:run`, person, {
    name: 'Which is better',
    models: [modelOf(), modelOf()],
    repeats: 2,
    values: { topic: randomUUID() },
  })
  if (answer?.status === 200) tests.comparisons.add(answer.body.comparison.comparisonId)
}

async function createSuite(send: Send, person: Person, promptId: string) {
  const cases = ['first', 'second', 'third'].map((name) => ({
    name,
    values: { topic: randomUUID() },
    assertions: [{ contains: 'Summarise' }, { regex: 'follows? on' }],
  }))
  const suite = { promptId, name: 'What must hold', settings: { ...modelOf(), repeats: 2 }, cases }
  const answer = await insist(send, '/v1/suites', person, suite)
  if (answer?.status === 200) person.suites.push(answer.body.suite.suiteId)
}

async function runSuite(send: Send, { tests }: Ledger, person: Person) {
  const id = person.suites[Math.floor(Math.random() * person.suites.length)]!
  const answer = await insist(send, `/v1/suites/${id}:run`, person, {})
  if (answer?.status !== 200) return
  const { runId } = answer.body.run
  tests.suiteRuns.add(runId)
  person.runs.push({ suiteId: id, runId })
  if (Math.random() < 0.2) await send('POST', `/v1/suite-runs/${runId}:cancel`, person, {})
}

/** Two runs of one suite, the oldest first; undefined when there are none. */
function twoRuns({ runs }: Person): [string, string] | undefined {
  for (const ofSuite of Map.groupBy(runs, ({ suiteId }) => suiteId).values()) {
    const [from, to] = ofSuite
    if (from && to) return [from.runId, to.runId]
  }
  return undefined
}

/** Has two runs of a suite judged. While one goes on, that is refused. */
async function judge(send: Send, { tests }: Ledger, person: Person, [fromRunId, toRunId]: [string, string]) {
  const settings = {
    rubric: 'It says "Summarise".',
    judge: { modelProvider: 'sandbox', modelName: 'judge', maxTokens: MAX_TOKENS },
  }
  const { status, body } = await send('POST', '/v1/suite-runs:judge', person, { fromRunId, toRunId, settings })
  if (status === 200) tests.judgings.add(body.judging.judgingId)
  // That a run is not there any more is known for good, unlike that it has not ended.
  if (status === 200 || status === 404) person.runs = person.runs.filter(({ runId }) => runId !== fromRunId)
}

function modelOf() {
  let dice = Math.random()
  const [modelName] = MODELS.find(([, share]) => (dice -= share) < 0) ?? MODELS[0]!
  return { modelProvider: 'sandbox', modelName, maxTokens: MAX_TOKENS }
}
