import type { PlainCall } from '#chassis/grpc/call.ts'
import { forward } from '#chassis/grpc/client.ts'
import { Variable } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import type { RestoreVersionRequest } from '#contracts/gen/promptforge/version/v1/version_service.ts'
import type { Deps } from '../context.ts'
import { readVersions } from './read-versions.ts'

export const restoreVersion =
  (deps: Pick<Deps, 'versions' | 'readableVersions' | 'arrivals' | 'remote'>) =>
  async ({ promptId, version, etag }: RestoreVersionRequest, call: PlainCall) => {
    const [row] = await readVersions(deps, promptId, [version], call)
    const { title, content, description, category, model, variables } = row!
    const change = {
      promptId,
      title,
      content,
      description,
      category,
      model,
      variables: { values: variables.map((variable) => Variable.fromJSON(variable)) },
      changes: `restored version ${version}`,
      etag,
    }
    // The prompt service refuses whoever is not the owner: somebody who may only read the version has no such prompt to change.
    const { prompt } = await deps.remote.prompts.updatePrompt(change, forward(call.origin))
    return { prompt }
  }
