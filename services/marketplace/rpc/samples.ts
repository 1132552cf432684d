import { failedPrecondition } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { forward } from '#chassis/grpc/client.ts'
import { isNotFound } from '#chassis/grpc/status.ts'
import type { ListingSample } from '#contracts/gen/promptforge/marketplace/v1/listing.ts'
import type { Remote } from '../context.ts'

/** Characters of an answer that a sample shows. */
const MAX_RESPONSE = 20_000

/** What is sold. */
export type Sold = { promptId: string; promptVersion: number }

/** Reads tests of the caller's as samples of what is sold. Throws FAILED_PRECONDITION for one that is none. */
export const readSamples = (
  { tests }: Pick<Remote, 'tests'>,
  testIds: readonly string[],
  sold: Sold,
  { origin }: Call,
): Promise<ListingSample[]> =>
  Promise.all(
    testIds.map(async (testId) => {
      const { sample } = await tests.getSample({ testId }, forward(origin)).catch((error: unknown) => {
        throw isNotFound(error) ? unusable(testId) : error
      })
      const { promptId, promptVersion, values, response, modelProvider, modelName } = sample!
      if (promptId !== sold.promptId || promptVersion !== sold.promptVersion) throw unusable(testId)
      return { values, response: response.slice(0, MAX_RESPONSE).toWellFormed(), modelProvider, modelName }
    }),
  )

const unusable = (testId: string) =>
  failedPrecondition(
    'SAMPLE_UNUSABLE',
    `${testId} cannot be a sample: take a completed test of yours of the version that is sold, whose answer does not repeat the prompt`,
  )
