import { notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { GetSampleRequest } from '#contracts/gen/promptforge/test/v1/test_internal_service.ts'
import { has } from '../assertions/search.ts'
import type { Deps } from '../context.ts'
import { getCompletedTest } from '../db/get-test.ts'
import type { TestRow } from '../db/rows.ts'
import { mayReadText } from './readable.ts'
import { toSample } from './view.ts'

export const getSample =
  ({ remote }: Pick<Deps, 'remote'>) =>
  async ({ testId }: GetSampleRequest, call: Call) => {
    const [row] = await call.sql(getCompletedTest, { id: testId, userId: call.caller.userId })
    if (!row || repeatsPrompt(row) || !(await mayReadText(remote, row, call)))
      throw notFound('completed test of yours that can be a sample')
    return { sample: toSample(row) }
  }

/** Whether the model has said the whole text that it was asked, which a buyer would pay for. */
const repeatsPrompt = ({ prompt_content: text, response }: TestRow) => has(response ?? '', text.trim())
