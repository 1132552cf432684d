import { failedPrecondition, notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { RetryTestRequest } from '#contracts/gen/promptforge/test/v1/test_service.ts'
import type { Deps } from '../context.ts'
import { getTest } from '../db/get-test.ts'
import { ownKey } from './own-key.ts'
import { mayReadText } from './readable.ts'
import { toTest } from './view.ts'
import { chooseModel } from './what-to-run.ts'

export const retryTest =
  ({ models, admission, remote }: Pick<Deps, 'models' | 'admission' | 'remote'>) =>
  async ({ testId }: RetryTestRequest, call: Call) => {
    const [before] = await call.sql(getTest, { id: testId, userId: call.caller.userId })
    if (!before || !(await mayReadText(remote, before, call))) throw notFound('test')
    if (before.status === 'PENDING' || before.status === 'RUNNING')
      throw failedPrecondition('TEST_NOT_ENDED', 'the test has not ended: wait for its end, or cancel it')
    if (before.kind === 'JUDGE')
      throw failedPrecondition(
        'TEST_IS_JUDGE',
        'a judge is asked by a run of a suite or JudgeSuiteRuns only: ask for these again',
      )
    const { model_provider: modelProvider, model_name: modelName, max_tokens: maxTokens } = before
    const keyId = before.key_id ?? undefined
    const temperature = before.temperature ?? undefined
    // Only what costs nothing has nothing reserved.
    const allowUnpriced = keyId !== undefined && before.reserved_micros === '0'
    const test = {
      ...chooseModel(models, { modelProvider, modelName, temperature, maxTokens, keyId, allowUnpriced }),
      keyId: await ownKey({ keyId, modelProvider }, call),
      promptId: before.prompt_id,
      version: before.prompt_version,
      contentHash: before.content_hash,
      text: before.prompt_content,
      values: before.variables,
      retryOf: before.id,
    }
    return { test: toTest(await admission.one(test, call)) }
  }
