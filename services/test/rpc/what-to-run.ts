import { invalid } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { forward } from '#chassis/grpc/client.ts'
import { render } from '#chassis/render.ts'
import type { ModelChoice } from '#contracts/gen/promptforge/test/v1/comparison_service.ts'
import type { RunTestRequest } from '#contracts/gen/promptforge/test/v1/test_service.ts'
import type { Version } from '#contracts/gen/promptforge/version/v1/version.ts'
import type { Deps } from '../context.ts'
import { type Models, noPrice, priceAt } from '../models.ts'

/** Tokens that a model may generate when the caller does not say how many. */
const DEFAULT_MAX_TOKENS = 1024

/** What is said of a model, and with whose key it is called. */
type Choice = ModelChoice & { keyId?: string | undefined; allowUnpriced?: boolean | undefined }

/**
 * The model that is asked for, its price now, and how it is called. Throws INVALID_ARGUMENT for one that is not there, or has no price and
 * needs one, and for too many tokens.
 */
export function chooseModel(
  models: Models,
  { modelProvider, modelName, temperature, maxTokens, keyId, allowUnpriced = false }: Choice,
) {
  if (allowUnpriced && keyId === undefined)
    throw invalid([{ field: 'allow_unpriced', description: 'needs a key of your own: name it in key_id' }])
  const model = models.find(modelProvider, modelName)
  const price = model && (priceAt(model, new Date()) ?? (allowUnpriced ? noPrice(model) : undefined))
  if (!price) throw invalid([{ field: 'model_name', description: 'is not a model of this provider: see ListModels' }])
  if (maxTokens !== undefined && maxTokens > model.maxOutputTokens)
    throw invalid([{ field: 'max_tokens', description: `must be at most ${model.maxOutputTokens} for this model` }])
  return {
    model,
    price,
    modelName,
    temperature: temperature === undefined ? null : Math.round(temperature * 100) / 100,
    maxTokens: maxTokens ?? Math.min(DEFAULT_MAX_TOKENS, model.maxOutputTokens),
  }
}

/** What a first run of a version with values is: all but the model. Throws INVALID_ARGUMENT that names every value that does not fit. */
export const textToRun = (version: Version, values: Record<string, string>) => ({
  promptId: version.promptId,
  version: version.version,
  contentHash: version.contentHash,
  text: render(version, values),
  values,
  retryOf: null,
})

/** The version that is asked for, with its content, by the caller's right. Throws NOT_FOUND. */
export async function readVersion(
  { versions, labels }: Pick<Deps['remote'], 'versions' | 'labels'>,
  { promptId, which }: Pick<RunTestRequest, 'promptId' | 'which'>,
  { origin }: Call,
) {
  if (which?.$case === 'version') {
    const { version } = await versions.getVersion({ promptId, version: which.value }, forward(origin))
    return version!
  }
  const { version } = await labels.getLabel({ promptId, label: which?.value ?? 'latest' }, forward(origin))
  return version!
}
