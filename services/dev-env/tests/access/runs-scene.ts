import { until } from '#chassis/testing/until.ts'
import type { People } from './people.ts'
import type { Ask, ScenePrompt } from './scene.ts'

/** What the owner has run of the private prompt, all of it ended. */
export type Runs = {
  /** Two tests; the first one's answer is not the whole prompt, so it may be a sample. */
  tests: [string, string]
  comparisonId: string
  /** What a comparison is made of. */
  comparisonBody: object
  suiteId: string
  /** Two runs of the suite. */
  suiteRuns: [string, string]
  judgingId: string
  /** A key of the model provider of the sandbox, and one to be revoked. */
  providerKeyId: string
  revokedKeyId: string
}

/** How the sandbox is called. */
export const MODEL = { modelProvider: 'sandbox', modelName: 'echo' }
export const VALUES = { word: 'hello' }
export const JUDGING = { rubric: 'It says "hello".', judge: { modelProvider: 'sandbox', modelName: 'judge' } }

/** A suite as REST has it. */
export const suiteOf = (promptId: string) => ({
  promptId,
  name: 'Says it',
  settings: MODEL,
  cases: [{ name: 'hello', values: VALUES, assertions: [{ contains: 'hello' }] }],
})

/** Runs it. */
export async function createRuns(ask: Ask, { people }: People, { id, suiteId }: ScenePrompt): Promise<Runs> {
  const { token } = people.owner
  const post = (path: string, body: object) => ask(`POST ${path}`, { token, body })
  const ended = (path: string, of: (body: any) => { status: string }) =>
    until(`${path} to end`, async () =>
      ['COMPLETED', 'FAILED'].includes(of(await ask(`GET ${path}`, { token })).status),
    )

  const runTest = async () => {
    const { test } = await post(`/v1/prompts/${id}/tests`, { ...MODEL, values: VALUES, maxTokens: 2 })
    await ended(`/v1/tests/${test.testId}`, (body) => body.test)
    return test.testId as string
  }
  const runSuite = async () => {
    const { run } = await post(`/v1/suites/${suiteId}:run`, {})
    await ended(`/v1/suite-runs/${run.runId}`, (body) => body.run)
    return run.runId as string
  }
  const tests: Runs['tests'] = [await runTest(), await runTest()]
  const suiteRuns: Runs['suiteRuns'] = [await runSuite(), await runSuite()]
  const [fromRunId, toRunId] = suiteRuns
  const { judging } = await post('/v1/suite-runs:judge', { fromRunId, toRunId, settings: JUDGING })
  await ended(`/v1/suite-runs:compare?from_run_id=${fromRunId}&to_run_id=${toRunId}`, (body) => body.comparison.judging)
  const comparisonBody = { name: 'Both', promptId: id, testIds: tests }
  const { comparison } = await post('/v1/comparisons', comparisonBody)
  const key = { provider: 'sandbox', name: 'mine', key: 'sk-0123456789' }
  const { providerKey } = await post('/v1/provider-keys', key)
  const { providerKey: revokedKey } = await post('/v1/provider-keys', key)
  return {
    tests,
    comparisonId: comparison.comparisonId,
    comparisonBody,
    suiteId,
    suiteRuns,
    judgingId: judging.judgingId,
    providerKeyId: providerKey.keyId,
    revokedKeyId: revokedKey.keyId,
  }
}
