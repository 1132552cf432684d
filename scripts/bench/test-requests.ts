import { RunTestRequest } from '#contracts/gen/promptforge/test/v1/test_service.ts'
import { VALUES } from './bare/versions.ts'

/** Calls of RunTest at once. */
export const CONCURRENCY = 32

/** A run of the first version of a prompt on a model of the sandbox. */
export const runRequest = (promptId: string, modelName: string, maxTokens?: number) =>
  RunTestRequest.fromPartial({
    promptId,
    which: { $case: 'version', value: 1 },
    values: VALUES,
    modelProvider: 'sandbox',
    modelName,
    maxTokens,
  })

/** Does so many things, a few at once. */
export async function inTurns(count: number, work: (nth: number) => Promise<void>): Promise<void> {
  let next = 0
  const loop = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, loop))
}
