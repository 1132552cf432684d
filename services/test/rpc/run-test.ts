import type { Call } from '#chassis/grpc/call.ts'
import type { RunTestRequest } from '#contracts/gen/promptforge/test/v1/test_service.ts'
import type { Deps } from '../context.ts'
import { ownKey } from './own-key.ts'
import { toTest } from './view.ts'
import { chooseModel, readVersion, textToRun } from './what-to-run.ts'

export const runTest =
  ({ models, admission, remote }: Pick<Deps, 'models' | 'admission' | 'remote'>) =>
  async (request: RunTestRequest, call: Call) => {
    const chosen = chooseModel(models, request)
    const keyId = await ownKey(request, call)
    const version = await readVersion(remote, request, call)
    const test = { ...chosen, keyId, ...textToRun(version, request.values) }
    return { test: toTest(await admission.one(test, call)) }
  }
