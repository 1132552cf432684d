import { invalid, type Violation } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { forward } from '#chassis/grpc/client.ts'
import { render } from '#chassis/render.ts'
import type { RunTestRequest } from '#contracts/gen/promptforge/test/v1/test_service.ts'
import type { Deps } from '../context.ts'
import { type Models, noPrice, priceAt } from '../models.ts'
import { ownKey } from './own-key.ts'
import { toTest } from './view.ts'

/** Tokens that a model may generate when the caller does not say how many. */
const DEFAULT_MAX_TOKENS = 1024

export const runTest =
  ({ models, admission, remote }: Pick<Deps, 'models' | 'admission' | 'remote'>) =>
  async (request: RunTestRequest, call: Call) => {
    const chosen = chooseModel(models, request)
    const keyId = await ownKey(request, call)
    const version = await readVersion(remote, request, call)
    const test = {
      ...chosen,
      keyId,
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

type Chosen = {
  modelProvider: string
  modelName: string
  maxTokens?: number | undefined
  keyId?: string | undefined
  allowUnpriced?: boolean | undefined
}

/**
 * The model that is asked for, its price now, and its limit of tokens. Throws INVALID_ARGUMENT for one that is not there, or has no price and
 * needs one, and for too many tokens.
 */
export function chooseModel(
  models: Models,
  { modelProvider, modelName, maxTokens, keyId, allowUnpriced = false }: Chosen,
) {
  if (allowUnpriced && keyId === undefined)
    throw invalid([{ field: 'allow_unpriced', description: 'needs a key of your own: name it in key_id' }])
  const model = models.find(modelProvider, modelName)
  const price = model && (priceAt(model, new Date()) ?? (allowUnpriced ? noPrice(model) : undefined))
  if (!price) throw invalid([{ field: 'model_name', description: 'is not a model of this provider: see ListModels' }])
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
