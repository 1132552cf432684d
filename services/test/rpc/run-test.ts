import { invalid, type Violation } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { forward } from '#chassis/grpc/client.ts'
import { render } from '#chassis/render.ts'
import type { RunTestRequest } from '#contracts/gen/promptforge/test/v1/test_service.ts'
import type { Deps } from '../context.ts'
import type { Models } from '../models.ts'
import { toTest } from './view.ts'

/** Tokens that a model may generate when the caller does not say how many. */
const DEFAULT_MAX_TOKENS = 1024

export const runTest =
  ({ models, admission, remote }: Pick<Deps, 'models' | 'admission' | 'remote'>) =>
  async (request: RunTestRequest, call: Call) => {
    const chosen = chooseModel(models, request)
    const version = await readVersion(remote, request, call)
    const test = {
      ...chosen,
      promptId: request.promptId,
      version: version.version,
      contentHash: version.contentHash,
      text: render(version, request.values),
      values: request.values,
      temperature: request.temperature === undefined ? null : Math.round(request.temperature * 100) / 100,
      retryOf: null,
    }
    return { test: toTest(await admission(test, call)) }
  }

/**
 * The model that is asked for, its price now, and its limit of tokens. Throws INVALID_ARGUMENT for one that is not there, and for too many
 * tokens.
 */
export function chooseModel(
  models: Models,
  { modelProvider, modelName, maxTokens }: { modelProvider: string; modelName: string; maxTokens?: number | undefined },
) {
  const found = models.find(modelProvider, modelName, new Date())
  if (!found) throw invalid([{ field: 'model_name', description: 'is not a model of this provider: see ListModels' }])
  const { model, price } = found
  const violations: Violation[] = []
  if (maxTokens !== undefined && maxTokens > model.maxOutputTokens)
    violations.push({ field: 'max_tokens', description: `must be at most ${model.maxOutputTokens} for this model` })
  if (violations.length > 0) throw invalid(violations)
  return { model, price, modelName, maxTokens: maxTokens ?? Math.min(DEFAULT_MAX_TOKENS, model.maxOutputTokens) }
}

async function readVersion(
  { versions, labels }: Deps['remote'],
  { promptId, which }: RunTestRequest,
  { origin }: Call,
) {
  if (which?.$case === 'version') {
    const { version } = await versions.getVersion({ promptId, version: which.value }, forward(origin))
    return version!
  }
  const { version } = await labels.getLabel({ promptId, label: which?.value ?? 'latest' }, forward(origin))
  return version!
}
