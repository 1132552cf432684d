import type { PlainCall } from '#chassis/grpc/call.ts'
import {
  type CompareVersionsRequest,
  type Hunk,
  Hunk_Run_Kind as RunKind,
} from '#contracts/gen/promptforge/version/v1/version_service.ts'
import type { Comparison } from '../compare-texts.ts'
import { changedFields, changedVariables } from '../compare-versions.ts'
import type { Deps } from '../context.ts'
import { readVersions } from './read-versions.ts'

export const compareVersions =
  (deps: Pick<Deps, 'versions' | 'readableVersions' | 'arrivals' | 'comparer'>) =>
  async ({ promptId, from, to }: CompareVersionsRequest, call: PlainCall) => {
    const [one, other] = await readVersions(deps, promptId, [from, to], call)
    const names = { from: `version ${from}`, to: `version ${to}` }
    const task = { before: one!.content, after: other!.content, names }
    const { hunks, unifiedDiff, asBlocks } = await deps.comparer.compare(task, call.signal)
    return {
      fields: changedFields(one!, other!),
      variables: changedVariables(one!, other!),
      hunks: hunks.map(toHunk),
      unifiedDiff,
      comparedAsBlocks: asBlocks,
    }
  }

const toHunk = ({ runs, ...lines }: Comparison['hunks'][number]): Hunk => ({
  ...lines,
  runs: runs.map(({ kind, text }) => ({ kind: RunKind[kind], text })),
})
