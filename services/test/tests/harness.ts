import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { notFound } from '#chassis/errors.ts'
import type { Logger } from '#chassis/logger.ts'
import type { TestDatabase } from '#chassis/testing/database.ts'
import { startTestService } from '#chassis/testing/service.ts'
import { until } from '#chassis/testing/until.ts'
import type { PromptTest } from '#contracts/gen/promptforge/test/v1/test.ts'
import { type RunTestRequest, TestServiceService } from '#contracts/gen/promptforge/test/v1/test_service.ts'
import { Version } from '#contracts/gen/promptforge/version/v1/version.ts'
import type { Deps } from '../context.ts'
import { recount } from '../db/recount.ts'
import { testService } from '../service.ts'

/** One dollar a million tokens of input and four of output, in millionths of a dollar. */
export const PRICE = {
  validFrom: '2026-01-01T00:00:00Z',
  input: 1_000_000,
  cacheRead: 100_000,
  cacheWrite: 1_250_000,
  output: 4_000_000,
}

/** Who runs the tests of tests. */
export const RUNNER = { userId: '0198c0de-0000-7000-8000-00000000000b', username: 'bob' }

/** What a test says of the service that it starts. */
export type RunnerOptions = {
  /** NATS. Default: none, and nothing runs. */
  natsUrl?: string
  /** Where the provider `sandbox` is: it speaks OpenAI's chat completions at `<url>/v1`. */
  providerUrl?: string
  key?: string
  env?: Record<string, string>
  /** Default: errors go to stderr. */
  log?: Logger
  database?: TestDatabase
}

/**
 * The real test service on a database of its own. The texts of prompts are in `contents`, in the place of the prompt and version services; a
 * caller may read what is there.
 */
export async function startTestRunner({
  natsUrl,
  providerUrl = 'http://127.0.0.1:9',
  key,
  env = {},
  log,
  database,
}: RunnerOptions = {}) {
  const folder = join(process.env['PF_TEST_FOLDER']!, `providers-${randomUUID().slice(0, 8)}`)
  mkdirSync(folder)
  const write = (name: string, content: object) => {
    writeFileSync(join(folder, name), JSON.stringify(content))
    return join(folder, name)
  }
  const model = (name: string) => ({ name, maxOutputTokens: 4096, maxTokensCoversReasoning: true, prices: [PRICE] })
  const provider = {
    name: 'sandbox',
    protocol: 'openai-compatible',
    baseUrl: `${providerUrl}/v1`,
    allowedNetworks: ['127.0.0.0/8'],
    models: ['echo', 'slow-*', 'fail', 'flaky-*', 'throttle-*', 'cut', 'silent', 'judge'].map(model),
  }
  const contents = new Map<string, string>()
  const ownEnv: Record<string, string> = {
    ...(natsUrl && { PF_NATS_URL: natsUrl }),
    PF_PROVIDER_KEY_SECRET: 'a secret for keys of providers in tests',
    PF_TEST_PROVIDERS_FILE: write('providers.json', { providers: [provider] }),
    ...(key && { PF_TEST_PROVIDER_KEYS_FILE: write('keys.json', { sandbox: key }) }),
    ...env,
  }
  const service = await startTestService(testService, {
    env: ownEnv,
    overrides: { context: { remote: remoteOf(contents) }, ...(log && { log }) },
    ...(database && { database }),
  })
  const tests = service.stub(TestServiceService)
  const token = await service.identity.tokenFor(RUNNER)
  const newPrompt = (content: string) => {
    const promptId = v7()
    contents.set(promptId, content)
    return promptId
  }
  const run = async (content: string, modelName = 'echo', more: Partial<RunTestRequest> = {}): Promise<PromptTest> => {
    const request = { promptId: newPrompt(content), values: {}, modelProvider: 'sandbox', modelName, ...more }
    const { test } = await tests.runTest({ which: undefined, ...request } as RunTestRequest, { token })
    return test!
  }
  const read = async (testId: string) => (await tests.getTest({ testId }, { token })).test!
  return {
    ...service,
    /** Its environment, beside that of its database and of every service. */
    env: ownEnv,
    tests,
    token,
    contents,
    newPrompt,
    /** Asks for a run of a prompt with this content. */
    run,
    read,
    /** Waits until a test has ended. */
    ended: (testId: string) =>
      until('the test to end', async () => {
        const test = await read(testId)
        return test.completedAt && test
      }) as Promise<PromptTest>,
    /** What the budget says of today, of RUNNER. */
    budget: async () => (await tests.getBudget({}, { token })).budget!,
    /** Whether the budget is what the rows of tests say. */
    disagreements: () => recount((text) => service.database.query(text)),
    stop: async () => {
      await service.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** What `startTestRunner` answers with. */
export type TestRunner = Awaited<ReturnType<typeof startTestRunner>>

// A content is at version 1, and its label is `latest`.
function remoteOf(contents: Map<string, string>): Deps['remote'] {
  const version = (promptId: string) => {
    const content = contents.get(promptId)
    if (content === undefined) throw notFound('prompt')
    return Version.fromPartial({ promptId, version: 1, content, contentHash: 'a'.repeat(64) })
  }
  return {
    readableVersions: async (promptId) => {
      version(promptId)
      return { ranges: [{ from: 1, to: 1 }], isOwner: false, headVersion: 1, lastChangedAt: undefined }
    },
    versions: { getVersion: async ({ promptId }) => ({ version: version(promptId), notModified: false }) },
    labels: {
      getLabel: async ({ promptId }) => ({ label: undefined, version: version(promptId), notModified: false }),
    },
  }
}

/** Has a sweep find a test at once that it would find in a minute, or when its lease is over. */
export const makeOverdue = ({ database }: Pick<TestRunner, 'database'>, testId: string) =>
  database.query(
    `update prompt_tests set dispatched_at = now() - interval '1 hour', not_before = null,
      lease_until = case when status = 'RUNNING' then now() - interval '1 s' end
    where id = $1`,
    [testId],
  )
